"""How old what a subscription has not applied yet is."""

from datetime import UTC, datetime, timedelta
from typing import Final

from duolog.eventstore.port import EventStore

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


async def delay_after(store: EventStore, position: int) -> float:
    """Return the age of the oldest event above a position, in seconds by the clock of this machine; 0 without one.

    Also an event counts that readers do not get yet, because somebody who appends has not ended: whoever asks a view
    waits for it all the same.

    Raises:
        DatabaseError: the log could not be read.
    """
    recorded_at = await store.recorded_after(position)
    if recorded_at is None:
        return 0.0
    return max(0.0, (datetime.now(UTC) - (_EPOCH + timedelta(microseconds=recorded_at))).total_seconds())
