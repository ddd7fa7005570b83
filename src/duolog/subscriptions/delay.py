"""How old what a subscription has not applied yet is."""

from datetime import UTC, datetime, timedelta
from typing import Final

from duolog.eventstore.port import EventStore

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


async def delay_after(store: EventStore, position: int) -> float:
    """Return the age of the oldest event above a position, in seconds by the clock of this machine; 0 without one.

    Raises:
        DatabaseError: the log could not be read.
    """
    page = await store.read_all(after=position, limit=1)
    if not page.events:
        return 0.0
    recorded_at = _EPOCH + timedelta(microseconds=page.events[0].recorded_at)
    return max(0.0, (datetime.now(UTC) - recorded_at).total_seconds())
