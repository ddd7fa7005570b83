"""Parked events."""

import sqlite3
import time
from collections.abc import Iterable, Sequence
from typing import Any, Final

from duolog.adapters.sqlite.checkpoints import share_values
from duolog.adapters.sqlite.readers import Readers
from duolog.adapters.sqlite.sql_files import load_sql
from duolog.subscriptions.parking import ParkedEvent, ParkReason
from duolog.subscriptions.share import Share

_PARK: Final = load_sql("park")
_UNPARK: Final = load_sql("unpark")
_KEYS: Final = load_sql("parked_keys")
_POSITIONS: Final = load_sql("parked_positions")
_READ: Final = load_sql("read_parked")
_COUNTS: Final = load_sql("parked_counts")


class SqliteParking:
    """A `Parking`.

    Args:
        readers: where connections for reading come from.
    """

    __slots__ = ("_readers",)

    def __init__(self, readers: Readers) -> None:
        self._readers = readers

    async def keys(self, share: Share) -> frozenset[tuple[str, str]]:
        """Return (tenant, key) of everything that is parked of a share."""
        values = {"subscription": share.subscription, "generation": share.generation}
        rows = await self._readers.run(lambda connection: connection.execute(_KEYS, values).fetchall())
        return frozenset((tenant, key) for tenant, key in rows if share.buckets.hold(tenant, key))

    async def is_parked(self, subscription: str, positions: range) -> bool:
        """Tell whether an event at one of these positions is parked, so that the live view lacks it."""
        if not positions:
            return False
        values = {"subscription": subscription, "first": min(positions), "last": max(positions)}
        rows = await self._readers.run(lambda connection: connection.execute(_POSITIONS, values).fetchall())
        return any(position in positions for (position,) in rows)

    async def read(
        self,
        subscription: str | None = None,
        *,
        tenant: str | None = None,
        key: str | None = None,
        position: int | None = None,
        generation: int | None = None,
        limit: int | None = 100,
    ) -> Sequence[ParkedEvent]:
        """Return parked events by position; see `Parking.read`."""
        values = {
            "subscription": subscription,
            "generation": generation,
            "tenant": tenant,
            "key": key,
            "position": position,
            "limit": -1 if limit is None else limit,
        }
        rows = await self._readers.run(lambda connection: connection.execute(_READ, values).fetchall())
        return [parked_event_of(row) for row in rows]

    async def counts(self) -> dict[str, int]:
        """Return how many events each live view lacks because they are parked."""
        return dict(await self._readers.run(lambda connection: connection.execute(_COUNTS).fetchall()))


def park(connection: sqlite3.Connection, parked: Iterable[ParkedEvent]) -> None:
    """Record parked events in the open transaction."""
    now = time.time_ns() // 1_000
    for event in parked:
        connection.execute(
            _PARK,
            {
                "subscription": event.subscription,
                "generation": event.generation,
                "tenant": event.tenant,
                "key": event.key,
                "position": event.position,
                "type": event.type,
                "reason": event.reason.value,
                "error": _storable(event.error),
                "traceback": _storable(event.traceback),
                "now": now,
            },
        )


def unpark(connection: sqlite3.Connection, share: Share, positions: Iterable[int]) -> None:
    """Remove parked events in the open transaction."""
    values = share_values(share)
    connection.executemany(_UNPARK, [{**values, "position": position} for position in positions])


def parked_event_of(row: Sequence[Any]) -> ParkedEvent:
    """Make a parked event of its columns."""
    subscription, generation, tenant, key, position, kind, reason, error, traceback, parked_at = row
    reason = ParkReason(reason)
    return ParkedEvent(subscription, tenant, key, position, kind, reason, error, traceback, parked_at, generation)


def _storable(text: str) -> str:
    # An error may quote anything; parking it must not fail for that.
    return text.replace("\x00", "\\x00").encode(errors="backslashreplace").decode()
