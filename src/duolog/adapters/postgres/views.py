"""Making a view ready: its tables and its checkpoint, from the beginning if it has another version."""

from collections.abc import Mapping, Sequence

from duolog.adapters.postgres.connecting import Connection
from duolog.adapters.postgres.connections import Connections
from duolog.adapters.postgres.ddl import (
    check_empty,
    check_tables,
    create_missing,
    drop_named,
    drop_tables,
    lock_tables,
    missing_tables,
)
from duolog.adapters.postgres.sql_files import load_sql
from duolog.database.port import View
from duolog.errors import DatabaseError, LeaseLostError
from duolog.subscriptions.checkpoints import Checkpoint


async def prepare_view(connections: Connections, view: View, token: int | None) -> Checkpoint:
    """Do what `Database.prepare_view` says, in one transaction.

    Whoever prepares locks in this order: the right to change tables, the lease, the checkpoint, the tables. So nobody
    gets the lease meanwhile, and a batch of the view that is being committed ends first.
    """
    check_tables(view.tables)
    schema = connections.location.schema
    async with connections.transaction() as connection:
        await lock_tables(connection, schema)
        leased = await connection.fetchval(load_sql("lock_lease", schema), view.subscription)
        row = await connection.fetchrow(load_sql("lock_checkpoint", schema), view.subscription)
        known = None if row is None else Checkpoint(*row)
        if token is not None and token < max(leased or 0, known.token if known else 0):
            message = f"somebody else took {view.subscription!r} over before its view was prepared"
            raise LeaseLostError(message)
        if known is not None and await _is_current(connection, schema, known, view):
            await create_missing(connection, schema, view.tables)
            return known
        if known is not None and token is None:
            return known
        if known is None:
            await check_empty(connection, schema, view.subscription, tuple(view.tables))
        else:
            await drop_tables(connection, view.tables)
        await create_missing(connection, schema, view.tables)
        await connection.execute(load_sql("unpark_all", schema), view.subscription)
        row = await connection.fetchrow(load_sql("reset_checkpoint", schema), view.subscription, view.version)
        if row is None:
            message = f"the checkpoint of {view.subscription!r} could not be written"
            raise DatabaseError(message)
        return Checkpoint(*row)


async def forget_view(connections: Connections, subscription: str, token: int, tables: Sequence[str]) -> None:
    """Do what `Database.forget_view` says, in one transaction; locks are taken in the order of `prepare_view`."""
    schema = connections.location.schema
    async with connections.transaction() as connection:
        await lock_tables(connection, schema)
        leased = await connection.fetchval(load_sql("lock_lease", schema), subscription)
        row = await connection.fetchrow(load_sql("lock_checkpoint", schema), subscription)
        if token < max(leased or 0, Checkpoint(*row).token if row is not None else 0):
            message = f"somebody else took {subscription!r} over meanwhile"
            raise LeaseLostError(message)
        await drop_named(connection, schema, tables)
        await connection.execute(load_sql("unpark_all", schema), subscription)
        await connection.execute(load_sql("drop_checkpoint", schema), subscription)


async def create_tables(connections: Connections, tables: Mapping[str, str]) -> None:
    """Do what `Database.create_tables` says, in one transaction."""
    check_tables(tables)
    schema = connections.location.schema
    async with connections.transaction() as connection:
        await lock_tables(connection, schema)
        await create_missing(connection, schema, tables)


async def _is_current(connection: Connection, schema: str, known: Checkpoint, view: View) -> bool:
    # A table that is missing at a later position has missed events: the view is built again.
    if known.version != view.version:
        return False
    return known.position == 0 or not await missing_tables(connection, schema, view.tables)
