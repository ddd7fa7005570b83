"""Letting queries read another generation of a view, and making a loaded one ready for that.

A switch locks in this order, as everybody does: the right to change tables, the generations, leases, the live
checkpoints, the other ones, the tables by name. Nobody waits for it longer than `_LOCK_MILLISECONDS` at any of these,
and for as long it waits itself: it fails where somebody uses the tables for longer, and is tried again by its caller.
"""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final

import asyncpg

from duolog.adapters.postgres.checkpoints import checkpoint_of
from duolog.adapters.postgres.connecting import Connection
from duolog.adapters.postgres.connections import Connections
from duolog.adapters.postgres.ddl import check_tables, drop_views, lock_tables, quoted, run_all
from duolog.adapters.postgres.errors import reported
from duolog.adapters.postgres.generations import generation_of, generation_schema
from duolog.adapters.postgres.sql_files import load_sql
from duolog.database.port import View
from duolog.database.stored_tables import StoredTable
from duolog.database.view_states import check_caught_up, switched_pair
from duolog.errors import DatabaseBusyError, SwitchBlockedError, SwitchRefusedError, ViewBehindError
from duolog.subscriptions.checkpoints import Checkpoint
from duolog.subscriptions.generations import Generation, Role

_LOCK_MILLISECONDS: Final = 50
_HOLD_SECONDS: Final = 0.1
_POLL_SECONDS: Final = 0.004
_NEAR: Final = 10_000
_FINISH_SECONDS: Final = 86_400.0


@dataclass(frozen=True, slots=True)
class _Table:
    name: str
    schema: str
    oid: int
    comes: bool
    can_be_locked: bool

    def __str__(self) -> str:
        return f"{quoted(self.schema)}.{quoted(self.name)}"


async def finish_load(connections: Connections, view: View, number: int) -> None:
    """Do what `Database.finish_load` says, in one transaction."""
    check_tables(view.indexes)
    schema = connections.location.schema
    async with connections.transaction() as connection:
        rows = await connection.fetch(load_sql("lock_generations", schema), view.subscription)
        live, generation = switched_pair([generation_of(row) for row in rows], view, number)
        if generation is live:
            return
        await connection.execute("SET LOCAL statement_timeout = 0")
        apart = generation_schema(schema, view.subscription, number)
        await connection.execute(load_sql("put_first_on_path", schema), apart)
        missing = await connection.fetch(load_sql("missing_from_schema", schema), apart, list(view.indexes))
        await run_all(connection, {row["name"]: view.indexes[row["name"]] for row in missing}, seconds=_FINISH_SECONDS)
        for table in generation.tables:
            await connection.execute(f"ANALYZE {quoted(apart)}.{quoted(table)}", timeout=_FINISH_SECONDS)


async def switch_view(connections: Connections, view: View, number: int, *, accept_behind: bool) -> Generation:
    """Do what `Database.switch_view` says, in one transaction."""
    blockers: list[str] = []
    try:
        async with connections.transaction() as connection:
            await connection.execute(f"SET LOCAL lock_timeout = {_LOCK_MILLISECONDS}")
            async with _watched(connections, connection, blockers):
                switch = _Switch(connection, connections.location.schema, view)
                return await switch.run(number, accept_behind=accept_behind)
    except DatabaseBusyError as error:
        raise SwitchBlockedError(view=view.subscription, blockers=blockers) from error


async def stored_tables(connections: Connections, generation: Generation) -> Sequence[StoredTable]:
    """Do what `Database.stored_tables` says."""
    schema, apart = connections.location.schema, None
    if generation.role is not Role.LIVE:
        apart = generation_schema(schema, generation.subscription, generation.number)
    rows = await connections.fetch(load_sql("stored_tables", schema), apart, list(generation.tables))
    return [
        StoredTable(name, source, tuple(columns), tuple(key), frozenset(texts))
        for name, source, columns, key, texts in rows
    ]


class _Switch:
    """One attempt, in the open transaction."""

    def __init__(self, connection: Connection, schema: str, view: View) -> None:
        self._connection = connection
        self._schema = schema
        self._view = view

    async def run(self, number: int, *, accept_behind: bool) -> Generation:
        name = self._view.subscription
        await lock_tables(self._connection, self._schema)
        rows = await self._fetch("lock_generations", name)
        live, target = switched_pair([generation_of(row) for row in rows], self._view, number)
        if target is live:
            return live
        if not accept_behind:
            await self._check_near(live, target)
        both = [live.number, target.number]
        await self._fetch("lock_leases", name, both)
        await self._hold(live, target, accept_behind=accept_behind)
        await self._switch_tables(live, target)
        await self._connection.execute(load_sql("change_role", self._schema), name, live.number, Role.PREVIOUS.value)
        (row,) = await self._fetch("change_role", name, target.number, Role.LIVE.value)
        await self._connection.execute(load_sql("fence_off", self._schema), name, both)
        return generation_of(row)

    async def _check_near(self, live: Generation, target: Generation) -> None:
        """Hold nobody up if there is too much left to apply."""
        try:
            check_caught_up(await self._checkpoints(live), await self._checkpoints(target))
        except ViewBehindError as error:
            if error.live - error.position > _NEAR:
                raise

    async def _hold(self, live: Generation, target: Generation, *, accept_behind: bool) -> None:
        """Stop the live generation for a moment, in which the other one may apply what it lacks; then stop both."""
        until = asyncio.get_running_loop().time() + _HOLD_SECONDS
        before = await self._checkpoints(live, lock=True)
        while not accept_behind:
            try:
                check_caught_up(before, await self._checkpoints(target))
            except ViewBehindError:
                if asyncio.get_running_loop().time() >= until:
                    raise
                await asyncio.sleep(_POLL_SECONDS)
            else:
                break
        await self._checkpoints(target, lock=True)

    async def _switch_tables(self, live: Generation, target: Generation) -> None:
        name, dependants = self._view.subscription, self._view.dependants
        apart = generation_schema(self._schema, name, target.number)
        rows = await self._fetch("switched_tables", apart, list(live.tables), list(target.tables))
        tables = [_Table(*row) for row in rows]
        go, come = [each for each in tables if not each.comes], [each for each in tables if each.comes]
        views = [row["oid"] for row in await self._fetch("named_relations", list(dependants))]
        hanging = [*(each.oid for each in go), *views]
        await self._check_nothing_hangs(hanging, come, alike=live.version == target.version)
        grants = await self._fetch("grants", hanging)
        names = ", ".join(str(each) for each in tables if each.can_be_locked)
        if names:
            await self._execute(f"LOCK TABLE {names} IN ACCESS EXCLUSIVE MODE")
        await drop_views(self._connection, self._schema, dependants)
        home = go[0].schema if go else await self._connection.fetchval("SELECT current_schema()")
        aside = generation_schema(self._schema, name, live.number)
        await self._execute(f"CREATE SCHEMA {quoted(aside)}")
        for table in go:
            await self._execute(f"ALTER TABLE {table} SET SCHEMA {quoted(aside)}")
        for table in come:
            await self._execute(f"ALTER TABLE {table} SET SCHEMA {quoted(home)}")
        left = [row["found"] for row in await self._fetch("leftovers", apart)]
        if left:
            raise SwitchRefusedError(view=name, found=left)
        await self._execute(f"DROP SCHEMA {quoted(apart)}")
        await run_all(self._connection, dependants)
        for statement, relation, column in grants:
            if await self._connection.fetchval(load_sql("column_exists", self._schema), relation, column):
                await self._execute(statement)

    async def _check_nothing_hangs(self, hanging: Sequence[int], come: Sequence[_Table], *, alike: bool) -> None:
        found = await self._fetch("undeclared_dependants", hanging, [each.oid for each in come], alike)
        if found:
            raise SwitchRefusedError(view=self._view.subscription, found=[row["found"] for row in found])

    async def _checkpoints(self, generation: Generation, *, lock: bool = False) -> list[Checkpoint]:
        name = "lock_checkpoints" if lock else "generation_checkpoints"
        return [checkpoint_of(row) for row in await self._fetch(name, generation.subscription, generation.number)]

    async def _fetch(self, name: str, *values: object) -> Sequence[asyncpg.Record]:
        return await self._connection.fetch(load_sql(name, self._schema), *values)

    async def _execute(self, statement: str) -> None:
        with reported(statement):
            await self._connection.execute(statement)


@asynccontextmanager
async def _watched(connections: Connections, connection: Connection, blockers: list[str]) -> AsyncGenerator[None, None]:
    """Look from another connection for whom this one waits, for as long as it may."""

    async def watch() -> None:
        sql = load_sql("blocking", connections.location.schema)
        async with connections.use() as other:
            while True:
                await asyncio.sleep(_LOCK_MILLISECONDS / 2_500)
                rows = await other.fetch(sql, connection.get_server_pid())
                if rows:
                    blockers[:] = [
                        f"session {pid} of {name}: {state} for {ago:.1f} s" for pid, name, state, ago in rows
                    ]

    task = asyncio.create_task(watch(), name="duolog-switch-blockers")
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait({task})
