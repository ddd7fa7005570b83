"""Running processes."""

from collections.abc import Collection, Mapping

from duolog.adapters._sql.stored_processes import conflict_key, stored_process, written_values
from duolog.adapters.postgres.connections import Connections
from duolog.adapters.postgres.sql_files import load_sql
from duolog.process_managers.states import Place, StoredProcess
from duolog.tables.statements import Statement


class PostgresProcessStates:
    """A `ProcessStates`.

    Args:
        connections: where connections come from.
    """

    __slots__ = ("_connections", "_schema")

    def __init__(self, connections: Connections) -> None:
        self._connections = connections
        self._schema = connections.location.schema

    async def read(self, process: str, places: Collection[Place]) -> Mapping[Place, StoredProcess]:
        """Return those of the processes that are stored."""
        if not places:
            return {}
        tenants, keys = zip(*places, strict=True)
        sql = load_sql("read_processes", self._schema)
        rows = await self._connections.fetch(sql, process, list(tenants), list(keys))
        return {(tenant, key): stored_process(process, tenant, key, stored) for tenant, key, *stored in rows}

    def writing(self, before: StoredProcess, after: StoredProcess) -> Statement:
        """Return the statement that stores or forgets a process; see `ProcessStates.writing`."""
        values = {"process": after.process, "tenant": after.tenant, "key": after.key}
        if not after.is_over:
            values |= written_values(after)
        if before.stamp:
            values["before"] = before.stamp
        name = "delete_process" if after.is_over else "update_process" if before.stamp else "insert_process"
        return Statement(load_sql(name, self._schema), values, rows=1, key=conflict_key(after))

    async def beginning(self, process: str) -> int | None:
        """Return after which position a process manager begins; None if that is not noted."""
        row = await self._connections.fetch_row(load_sql("read_beginning", self._schema), process)
        return None if row is None else int(row["position"])

    async def begin(self, process: str, position: int) -> int:
        """Note after which position a process manager begins; see `ProcessStates.begin`."""
        self._connections.refuse_if_read_only()
        (row,) = await self._connections.fetch(load_sql("begin_process", self._schema), process, position)
        return int(row["position"])
