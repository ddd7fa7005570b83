"""Giving a log on a PostgreSQL server away, and taking one in."""

from collections.abc import AsyncGenerator, AsyncIterable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Final

import asyncpg

from duolog.adapters.postgres.connecting import Connection
from duolog.adapters.postgres.connections import Connections
from duolog.adapters.postgres.errors import DRIVER_ERRORS
from duolog.adapters.postgres.gate import add_gate, remove_gate, shut_gate
from duolog.adapters.postgres.log_identity import forget_identity, read_identity, take_identity
from duolog.adapters.postgres.remembered import receive_remembered, remembered_pages
from duolog.adapters.postgres.sql_files import load_sql
from duolog.adapters.postgres.transactions import begin, commit
from duolog.adapters.postgres.whole_tables import insert_rows, other_tables, rows_of
from duolog.database.closed_log import check_beginning, check_in_use, closed_error, unreceivable_error
from duolog.database.transfer import InUse, LogIdentity, Moved, Receiving, Remembered, TransferState
from duolog.errors import HoldExpiredError
from duolog.messages.envelope import RecordedEvent
from duolog.tables.ports import Row

_COLUMNS: Final = (
    *("position", "recorded_at", "event_id", "version", "schema_version", "partition", "tenant", "stream", "type"),
    *("tags", "data", "metadata"),
)
_PATIENCE: Final = 30.0


class PostgresTransfer:
    """A `LogTransfer`.

    Args:
        connections: where connections come from.
    """

    __slots__ = ("_connections", "_schema", "_url")

    def __init__(self, connections: Connections) -> None:
        self._connections = connections
        self._schema = connections.location.schema
        self._url = connections.location.url

    async def state(self) -> TransferState:
        """Tell whether the log is in use, on its way in, or gone."""
        async with self._connections.use() as connection:
            return await read_state(connection, self._schema)

    async def identity(self) -> LogIdentity:
        """Return what makes the log the same log elsewhere."""
        async with self._connections.use() as connection:
            return await read_identity(connection, self._schema)

    async def other_tables(self) -> Sequence[str]:
        """Return the names of the tables that are not duolog's own, sorted."""
        async with self._connections.use() as connection:
            return await other_tables(connection, self._schema)

    # --- giving ------------------------------------------------------------------------------------------------------

    def remembered(self) -> AsyncGenerator[Sequence[Remembered], None]:
        """Yield what is remembered beside the events; see `LogTransfer.remembered`."""
        return remembered_pages(self._connections)

    async def table_rows(self, table: str) -> AsyncGenerator[Sequence[Row], None]:
        """Yield the rows of a table; see `LogTransfer.table_rows`."""
        async with self._connections.use() as connection:
            await connection.execute(begin(self._connections.location, snapshot=True))
            async for page in rows_of(connection, self._schema, table):
                yield page

    @asynccontextmanager
    async def stop_writers(self, *, seconds: float) -> AsyncGenerator["PostgresStoppedWriters", None]:
        """Shut the gate; see `LogTransfer.stop_writers`."""
        await add_gate(self._connections, seconds=seconds)
        try:
            async with shut_gate(self._connections, seconds=seconds) as connection:
                yield PostgresStoppedWriters(connection, self._schema)
        finally:
            if isinstance(await self.state(), InUse):
                await remove_gate(self._connections)

    async def take_back(self) -> None:
        """Open a log again that was moved; see `LogTransfer.take_back`."""
        await self._end("moved")

    # --- taking ------------------------------------------------------------------------------------------------------

    async def begin(self, identity: LogIdentity, source: str) -> int:
        """Become the given log; see `LogTransfer.begin`."""
        await add_gate(self._connections, seconds=_PATIENCE)
        try:
            async with shut_gate(self._connections, seconds=_PATIENCE) as connection:
                here = await read_identity(connection, self._schema)
                head = await connection.fetchval(load_sql("received_through", self._schema))
                state = await read_state(connection, self._schema)
                check_beginning(here, state, identity, head=head, url=self._url)
                await connection.execute(load_sql("write_transfer", self._schema), "receiving", source)
                await take_identity(connection, self._schema, identity)
                await commit(connection)
                return int(head)
        finally:
            if isinstance(await self.state(), InUse):
                await remove_gate(self._connections)

    async def receive(self, events: Sequence[RecordedEvent]) -> None:
        """Copy events in with everything that they have; see `LogTransfer.receive`."""
        async with self._through_the_door() as connection:
            head = await connection.fetchval(load_sql("received_through", self._schema))
            for event in events:
                if event.position <= head:
                    raise unreceivable_error()
                head = event.position
            try:
                await connection.copy_records_to_table(
                    "events", schema_name=self._schema, columns=_COLUMNS, records=map(_record, events)
                )
            except asyncpg.UniqueViolationError:
                raise unreceivable_error() from None
            tags = [(event.tenant, tag, event.position) for event in events for tag in dict.fromkeys(event.tags)]
            await connection.copy_records_to_table(
                "event_tags", schema_name=self._schema, columns=("tenant", "tag", "position"), records=tags
            )
            await connection.execute(load_sql("settle_received", self._schema), head)

    async def stream_versions(self, streams: Sequence[tuple[str, str]]) -> Mapping[tuple[str, str], int]:
        """Return the versions of streams that have events."""
        tenants, names = [tenant for tenant, _ in streams], [stream for _, stream in streams]
        rows = await self._connections.fetch(load_sql("stream_versions", self._schema), tenants, names)
        return {(row["tenant"], row["stream"]): row["version"] for row in rows}

    async def replace_remembered(self, pages: AsyncIterable[Sequence[Remembered]]) -> None:
        """Replace what is remembered, in one transaction; see `LogTransfer.replace_remembered`."""
        async with self._through_the_door() as connection:
            await connection.execute(load_sql("forget_remembered", self._schema))
            async for page in pages:
                await receive_remembered(connection, self._schema, page)

    async def receive_rows(self, table: str, pages: AsyncIterable[Sequence[Row]]) -> None:
        """Insert rows in one transaction; see `LogTransfer.receive_rows`."""
        async with self._connections.transaction() as connection:
            await _take_your_time(connection)
            await insert_rows(connection, self._schema, table, pages)

    async def abandon(self) -> None:
        """Forget what was received; see `LogTransfer.abandon`."""
        async with self._through_the_door() as connection:
            for name in ("forget_remembered", "forget_events"):
                await connection.execute(load_sql(name, self._schema))
            await forget_identity(connection, self._schema)
        await self._end("receiving")

    async def finish(self) -> None:
        """Take the log into use; see `LogTransfer.finish`."""
        state = await self.state()
        if isinstance(state, Moved):
            check_in_use(state, self._url)
        await self._end("receiving")

    async def _end(self, state: str) -> None:
        async with self._connections.transaction() as connection:
            await _take_your_time(connection)
            await connection.execute(load_sql("end_transfer", self._schema), state)
        if isinstance(await self.state(), InUse):
            await remove_gate(self._connections)

    @asynccontextmanager
    async def _through_the_door(self) -> AsyncGenerator[Connection, None]:
        turn = load_sql("turn_door", self._schema)
        async with self._connections.transaction() as connection:
            await _take_your_time(connection)
            if await connection.execute(turn, "open") == "UPDATE 0":
                raise closed_error()
            yield connection
            await connection.execute(turn, "shut")


class PostgresStoppedWriters:
    """A `StoppedWriters`, who wait at the gate.

    Args:
        connection: in the transaction that has shut it.
        schema: of duolog's own tables.
    """

    __slots__ = ("_connection", "_schema")

    def __init__(self, connection: Connection, schema: str) -> None:
        self._connection = connection
        self._schema = schema

    async def mark_moved(self, target: str) -> None:
        """Close the log, and open the gate to those who find it closed; see `StoppedWriters.mark_moved`."""
        try:
            await self._connection.execute(load_sql("write_transfer", self._schema), "moved", target)
        except DRIVER_ERRORS:
            message = "the writers were stopped for too long, and go on"
            raise HoldExpiredError(message, hint="Nothing was changed; give it a longer pause.") from None
        await commit(self._connection)


async def read_state(connection: Connection, schema: str) -> TransferState:
    """Tell whether the log is in use, on its way in, or gone."""
    row = await connection.fetchrow(load_sql("read_transfer", schema))
    if row is None:
        return InUse()
    state, other, since = row
    return Moved(other, since) if state == "moved" else Receiving(other, since)


async def _take_your_time(connection: Connection) -> None:
    # A source is closed once its log is here, so here it must be on the disk.
    await connection.execute(
        "SET LOCAL statement_timeout = 0; SET LOCAL idle_in_transaction_session_timeout = 0; "
        "SET LOCAL synchronous_commit = on"
    )


def _record(event: RecordedEvent) -> tuple[object, ...]:
    return (
        event.position,
        event.recorded_at,
        event.event_id,
        event.version,
        event.schema_version,
        event.partition,
        event.tenant,
        event.stream,
        event.type,
        list(event.tags),
        event.data.decode(),
        event.metadata.decode(),
    )
