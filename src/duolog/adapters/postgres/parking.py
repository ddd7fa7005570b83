"""Parked events."""

from collections.abc import Collection, Sequence
from typing import Any

from duolog.adapters.postgres.connecting import Connection
from duolog.adapters.postgres.connections import Connections
from duolog.adapters.postgres.sql_files import load_sql
from duolog.subscriptions.parking import ParkedEvent, ParkReason
from duolog.subscriptions.share import Share


class PostgresParking:
    """A `Parking`.

    Args:
        connections: where connections come from.
    """

    __slots__ = ("_connections", "_schema")

    def __init__(self, connections: Connections) -> None:
        self._connections = connections
        self._schema = connections.location.schema

    async def keys(self, share: Share) -> frozenset[tuple[str, str]]:
        """Return (tenant, key) of everything that is parked of a share."""
        rows = await self._connections.fetch(load_sql("parked_keys", self._schema), *share.key[:2])
        return frozenset((tenant, key) for tenant, key in rows if share.buckets.hold(tenant, key))

    async def is_parked(self, subscription: str, positions: range) -> bool:
        """Tell whether an event at one of these positions is parked, so that the live view lacks it."""
        if not positions:
            return False
        sql = load_sql("parked_positions", self._schema)
        rows = await self._connections.fetch(sql, subscription, min(positions), max(positions))
        return any(row["position"] in positions for row in rows)

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
        sql = load_sql("read_parked", self._schema)
        rows = await self._connections.fetch(sql, subscription, generation, tenant, key, position, limit)
        return [parked_event_of(row) for row in rows]

    async def counts(self) -> dict[str, int]:
        """Return how many events each live view lacks because they are parked."""
        rows = await self._connections.fetch(load_sql("parked_counts", self._schema))
        return {row["subscription"]: row["parked"] for row in rows}


async def park(connection: Connection, schema: str, parked: Sequence[ParkedEvent]) -> None:
    """Record parked events in the open transaction."""
    if parked:
        await connection.executemany(
            load_sql("park", schema),
            [
                (
                    *(event.subscription, event.generation, event.tenant, event.key, event.position, event.type),
                    event.reason.value,
                    *(_storable(event.error), _storable(event.traceback)),
                )
                for event in parked
            ],
        )


async def unpark(connection: Connection, schema: str, share: Share, positions: Collection[int]) -> None:
    """Remove parked events in the open transaction."""
    if positions:
        await connection.execute(load_sql("unpark", schema), *share.key[:2], list(positions))


def parked_event_of(row: Any) -> ParkedEvent:
    """Make a parked event of its columns."""
    subscription, generation, tenant, key, position, kind, reason, error, traceback, parked_at = row
    reason = ParkReason(reason)
    return ParkedEvent(subscription, tenant, key, position, kind, reason, error, traceback, parked_at, generation)


def _storable(text: str) -> str:
    # An error may quote anything; parking it must not fail for that.
    return text.replace("\x00", "\\x00").encode(errors="backslashreplace").decode()
