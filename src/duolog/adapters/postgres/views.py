"""Making a view ready: its tables, generations and shares, from the beginning if it lost a table.

Whoever does it locks in this order: the right to change tables, the leases, the checkpoints, the tables. So nobody gets
a lease meanwhile, and batches of the view that are being committed end first.
"""

from collections.abc import Collection, Mapping, Sequence

from duolog.adapters.postgres.checkpoints import checkpoint_of
from duolog.adapters.postgres.connecting import Connection
from duolog.adapters.postgres.connections import Connections
from duolog.adapters.postgres.ddl import (
    begin_apart,
    check_empty,
    check_tables,
    create_apart,
    create_missing,
    drop_apart,
    drop_named,
    drop_tables,
    drop_views,
    lock_tables,
    missing_tables,
    run_all,
)
from duolog.adapters.postgres.generations import generation_of, generation_schema
from duolog.adapters.postgres.materialized import create_materialized, drop_contents
from duolog.adapters.postgres.sql_files import load_sql
from duolog.database.port import View
from duolog.database.view_states import check_droppable, check_live, is_current, owned_share
from duolog.errors import LeaseLostError
from duolog.subscriptions.checkpoints import Checkpoint
from duolog.subscriptions.generations import Generation, Role, live_of
from duolog.subscriptions.leases import Lease
from duolog.subscriptions.share import Buckets, Share


async def prepare_view(connections: Connections, view: View, lease: Lease | None) -> Sequence[Checkpoint]:
    """Do what `Database.prepare_view` says, in one transaction."""
    check_tables(view.tables)
    schema = connections.location.schema
    async with connections.transaction() as connection:
        await lock_tables(connection, schema)
        there = await _generations(connection, schema, view.subscription)
        live = live_of(there)
        known = await _live(connection, schema, view.subscription)
        owned = owned_share(known, lease)
        if owned is not None:
            fence = await connection.fetchval(load_sql("read_fence", schema), *owned.share.key)
            _check_token(owned.share, owned.token, fence)
        if live is not None and live.version != view.version:
            return known
        if is_current(known, await missing_tables(connection, schema, view.tables)):
            await _create(connection, schema, view, 1 if live is None else live.number)
            if live is not None and live.tables != tuple(view.tables):
                sql = load_sql("name_tables", schema)
                await connection.execute(sql, live.subscription, live.number, list(view.tables))
            return known
        if known and owned is None:
            return known
        if live is None:
            await check_empty(connection, schema, view.subscription, tuple(view.tables))
            if view.contents is not None:  # what is left of one that was forgotten has another function behind it
                await drop_tables(connection, schema, view.tables)
        else:
            for share, fence in await _lock_shares(connection, schema, view.subscription, live.number):
                if owned is not None and share == owned.share:
                    _check_token(share, owned.token, fence)
            await drop_tables(connection, schema, dict.fromkeys((*live.tables, *view.tables)))
            await connection.execute(load_sql("drop_generation", schema), live.subscription, live.number)
        await _create(connection, schema, view, 1 if live is None else live.number)
        await run_all(connection, view.indexes)
        await drop_views(connection, schema, view.dependants)
        await run_all(connection, view.dependants)
        await _begin(connection, schema, view, 1 if live is None else live.number, Role.LIVE)
        return await _live(connection, schema, view.subscription)


async def create_shadow(connections: Connections, view: View) -> Generation:
    """Do what `Database.create_shadow` says, in one transaction."""
    check_tables(view.tables)
    schema = connections.location.schema
    async with connections.transaction() as connection:
        await lock_tables(connection, schema)
        shadow = check_live(view, await _generations(connection, schema, view.subscription))
        if shadow is not None:
            return shadow
        number = await connection.fetchval(load_sql("greatest_generation", schema), view.subscription) + 1
        apart = generation_schema(schema, view.subscription, number)
        await drop_apart(connection, apart)
        generation = await _begin(connection, schema, view, number, Role.SHADOW)
        await begin_apart(connection, schema, apart)
        if view.contents is None:
            await create_apart(connection, schema, apart, view.tables)
        else:
            await create_materialized(connection, schema, view.subscription, number, view.contents)
        return generation


async def drop_generation(connections: Connections, subscription: str, number: int) -> None:
    """Do what `Database.drop_generation` says, in one transaction."""
    schema = connections.location.schema
    async with connections.transaction() as connection:
        await lock_tables(connection, schema)
        for generation in await _generations(connection, schema, subscription):
            if generation.number == number:
                check_droppable(generation)
                await _lock_shares(connection, schema, subscription, number)
                await _drop(connection, schema, generation)


async def forget_view(
    connections: Connections, subscription: str, leases: Collection[Lease], tables: Sequence[str]
) -> None:
    """Do what `Database.forget_view` says, in one transaction."""
    schema = connections.location.schema
    tokens = {lease.share.key: lease.token for lease in leases}
    async with connections.transaction() as connection:
        await lock_tables(connection, schema)
        for share, fence in await _lock_shares(connection, schema, subscription, None):
            _check_token(share, tokens.get(share.key, 0), fence)
        await drop_named(connection, schema, tables)
        await connection.execute(load_sql("forget_process", schema), subscription)
        for generation in await _generations(connection, schema, subscription):
            await _drop(connection, schema, generation)


async def create_tables(connections: Connections, tables: Mapping[str, str]) -> None:
    """Do what `Database.create_tables` says, in one transaction."""
    check_tables(tables)
    schema = connections.location.schema
    async with connections.transaction() as connection:
        await lock_tables(connection, schema)
        await create_missing(connection, schema, tables)


async def _generations(connection: Connection, schema: str, subscription: str) -> list[Generation]:
    rows = await connection.fetch(load_sql("read_generations", schema), subscription)
    return [generation_of(row) for row in rows]


async def _live(connection: Connection, schema: str, subscription: str) -> list[Checkpoint]:
    return [checkpoint_of(row) for row in await connection.fetch(load_sql("read_checkpoints", schema), subscription)]


async def _begin(connection: Connection, schema: str, view: View, number: int, role: Role) -> Generation:
    parts = Buckets.parts(view.partitions)
    row = await connection.fetchrow(
        load_sql("write_generation", schema), view.subscription, number, view.version, role.value, list(view.tables)
    )
    firsts, lasts = [buckets.lo for buckets in parts], [buckets.hi for buckets in parts]
    sql = load_sql("begin_shares", schema)
    await connection.execute(sql, view.subscription, number, view.version, firsts, lasts)
    return generation_of(row)


async def _create(connection: Connection, schema: str, view: View, number: int) -> None:
    """Create what is missing of a live generation's tables, which were checked, or its materialized view."""
    if view.contents is None:
        await create_missing(connection, schema, view.tables)
    elif await missing_tables(connection, schema, view.tables):
        await create_materialized(connection, schema, view.subscription, number, view.contents)


async def _drop(connection: Connection, schema: str, generation: Generation) -> None:
    if generation.role is not Role.LIVE:
        await drop_apart(connection, generation_schema(schema, generation.subscription, generation.number))
    await connection.execute(load_sql("drop_generation", schema), generation.subscription, generation.number)
    await drop_contents(connection, schema, generation.subscription, generation.number)


async def _lock_shares(
    connection: Connection, schema: str, subscription: str, number: int | None
) -> list[tuple[Share, int]]:
    rows = await connection.fetch(load_sql("lock_shares", schema), subscription, number)
    return [(Share.of(name, generation, lo, hi), fence) for name, generation, lo, hi, fence in rows]


def _check_token(share: Share, token: int, fence: int) -> None:
    if token < fence:
        message = f"somebody else took {share} over meanwhile"
        raise LeaseLostError(message)
