"""Parked events."""

from collections.abc import Collection, Sequence

from duolog.adapters.postgres.connecting import Connection
from duolog.adapters.postgres.connections import Connections
from duolog.adapters.postgres.sql_files import load_sql
from duolog.subscriptions.parking import ParkedEvent, ParkReason


class PostgresParking:
    """A `Parking`.

    Args:
        connections: where connections come from.
    """

    __slots__ = ("_connections", "_schema")

    def __init__(self, connections: Connections) -> None:
        self._connections = connections
        self._schema = connections.location.schema

    async def keys(self, subscription: str) -> frozenset[tuple[str, str]]:
        """Return (tenant, key) of everything that a subscription has parked."""
        rows = await self._connections.fetch(load_sql("parked_keys", self._schema), subscription)
        return frozenset((row["tenant"], row["key"]) for row in rows)

    async def is_parked(self, subscription: str, positions: range) -> bool:
        """Tell whether a subscription has parked an event at one of these positions."""
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
        limit: int | None = 100,
    ) -> Sequence[ParkedEvent]:
        """Return parked events by position; see `Parking.read`."""
        sql = load_sql("read_parked", self._schema)
        rows = await self._connections.fetch(sql, subscription, tenant, key, position, limit)
        return [
            ParkedEvent(name, tenant, key, position, kind, ParkReason(reason), error, traceback, parked_at)
            for name, tenant, key, position, kind, reason, error, traceback, parked_at in rows
        ]

    async def counts(self) -> dict[str, int]:
        """Return how many events each subscription has parked."""
        rows = await self._connections.fetch(load_sql("parked_counts", self._schema))
        return {row["subscription"]: row["parked"] for row in rows}


async def park(connection: Connection, schema: str, parked: Sequence[ParkedEvent]) -> None:
    """Record parked events in the open transaction."""
    if parked:
        await connection.executemany(
            load_sql("park", schema),
            [
                (
                    *(event.subscription, event.tenant, event.key, event.position, event.type, event.reason.value),
                    *(_storable(event.error), _storable(event.traceback)),
                )
                for event in parked
            ],
        )


async def unpark(connection: Connection, schema: str, subscription: str, positions: Collection[int]) -> None:
    """Remove parked events in the open transaction."""
    if positions:
        await connection.execute(load_sql("unpark", schema), subscription, list(positions))


def _storable(text: str) -> str:
    # An error may quote anything; parking it must not fail for that.
    return text.replace("\x00", "\\x00").encode(errors="backslashreplace").decode()
