"""Pauses."""

from collections.abc import Mapping

from duolog.adapters.postgres.connections import Connections
from duolog.adapters.postgres.sql_files import load_sql
from duolog.subscriptions.pauses import Pause


class PostgresPauses:
    """A `Pauses`.

    Args:
        connections: where connections come from.
    """

    __slots__ = ("_connections", "_schema")

    def __init__(self, connections: Connections) -> None:
        self._connections = connections
        self._schema = connections.location.schema

    async def read(self) -> Mapping[str, Pause]:
        """Return all pauses, by subscription."""
        rows = await self._connections.fetch(load_sql("read_pauses", self._schema))
        return {name: Pause(by, since) for name, by, since in rows}

    async def pause(self, subscription: str, *, by: str) -> None:
        """Pause a subscription; see `Pauses.pause`."""
        self._connections.refuse_if_read_only()
        await self._connections.fetch(load_sql("pause", self._schema), subscription, by)

    async def resume(self, subscription: str) -> None:
        """Let a subscription go on."""
        self._connections.refuse_if_read_only()
        await self._connections.fetch(load_sql("resume", self._schema), subscription)
