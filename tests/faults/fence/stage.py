"""Plays schedules on a real server: each step is the adapter's own SQL, sent when it is its turn."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

import asyncpg

from duolog.adapters.postgres.connections import Connections
from duolog.adapters.postgres.horizon import Barriers
from duolog.adapters.postgres.location import parse_location
from duolog.adapters.postgres.migrations import migrate
from duolog.adapters.postgres.sql_files import in_schema
from tests.faults.fence.schedules import LAST_SLOT, End, Read, Schedule

_IS_THERE = "SELECT EXISTS (SELECT FROM pg_stat_activity WHERE pid = $1)"
_LOOKS_TO_SETTLE = 2
_SETTINGS = {"synchronous_commit": "off"}  # nothing here waits for the disk, and nobody cuts the power

_TAKE_FENCE = "BEGIN; SELECT {schema}.take_fence()"
_DRAW = "SELECT ({schema}.draw_positions(1))[1]"
_INSERT = """
INSERT INTO {schema}.events (
    position, recorded_at, event_id, version, schema_version, partition, tenant, stream, type, tags, data, metadata
) VALUES (
    $1::bigint, 0, gen_random_uuid(), 1, 1, 0, '', 'scheduled-' || $1::bigint, 'scheduled', '{}', '{}', '{}'
)
"""
_LAST_DRAWN = "SELECT {schema}.last_drawn()"
_HOLDERS = "SELECT {schema}.fence_holders()"
_VISIBLE = "SELECT top, run FROM {schema}.visible($1, $2)"
_LOOK = "SELECT * FROM {schema}.look_at_fence($1)"
_PAGE = "SELECT position FROM {schema}.events WHERE position > $1 AND position <= $2 ORDER BY position"


@dataclass(slots=True)
class Appender:
    """One appender's session.

    Attributes:
        connection: the session.
        position: what it drew last.
    """

    connection: Any
    position: int = 0


class Stage:
    """A log, three sessions that append to it, and one that reads.

    Use it as an async context manager; the log stays when it is left.

    Args:
        url: of the database.
        schema: where the log is; of this stage alone.
    """

    def __init__(self, url: str, schema: str) -> None:
        self._location = parse_location(f"{url}{'&' if '?' in url else '?'}schema={schema}")
        self._schema = schema
        self._appenders: list[Appender] = []
        self._barriers = Barriers()
        self._settled = self._through = 0
        self._drawn = 0
        self._holders: frozenset[str] = frozenset()
        self._delivered: list[int] = []
        self._reader: Any = None
        self._count = 0

    async def __aenter__(self) -> Self:
        """Make the log and connect."""
        connections = Connections(self._location)
        await migrate(connections)
        await connections.close()
        self._reader = await self._connected()
        self._appenders = [Appender(await self._connected()) for _ in range(3)]
        return self

    async def __aexit__(self, *error: object) -> None:
        """Disconnect."""
        for connection in (self._reader, *(appender.connection for appender in self._appenders)):
            await connection.close()

    async def play(self, schedule: Schedule) -> str:
        """Play a schedule to its end, and tell what was wrong; nothing if all was as it must be."""
        self._count += 1
        self._delivered = []
        committed, prepared = set[int](), list[tuple[str, int]]()
        for slot in range(LAST_SLOT + 1):
            await self._do_slot(schedule, slot, committed, prepared)
            if slot < LAST_SLOT:
                await self._read(Read(slot))
        await self._look()
        await self._page()
        for name, position in prepared:
            await self._reader.execute(f"COMMIT PREPARED '{name}'")
            committed.add(position)
        for _ in range(_LOOKS_TO_SETTLE):
            await self._look()
            await self._page()
        return self._verdict(sorted(committed))

    def _verdict(self, committed: Sequence[int]) -> str:
        if self._delivered == committed:
            return ""
        skipped = sorted(set(committed) - set(self._delivered))
        return f"committed {committed}, delivered {self._delivered}, never delivered {skipped}"

    async def _do_slot(
        self, schedule: Schedule, slot: int, committed: set[int], prepared: list[tuple[str, int]]
    ) -> None:
        parts = list(zip(self._appenders, schedule.times, schedule.ends, strict=True))
        for appender, times, _ in parts:
            if times.fence == slot:
                await appender.connection.execute(self._sql(_TAKE_FENCE))
        for appender, times, _ in parts:
            if times.draw == slot:
                drawn = await appender.connection.fetchval(self._sql(_DRAW))
                appender.position = drawn
                await appender.connection.execute(self._sql(_INSERT), drawn)
        for number, (appender, times, end) in enumerate(parts):
            if times.end == slot:
                await self._end(appender, end, f"{self._schema} {self._count} {number}", prepared)
                if end is End.COMMIT:
                    committed.add(appender.position)

    async def _end(self, appender: Appender, end: End, name: str, prepared: list[tuple[str, int]]) -> None:
        match end:
            case End.COMMIT:
                await appender.connection.execute("COMMIT")
            case End.ROLL_BACK:
                await appender.connection.execute("ROLLBACK")
            case End.PREPARE:
                await appender.connection.execute(f"PREPARE TRANSACTION '{name}'")
                prepared.append((name, appender.position))
            case End.CRASH:
                pid = appender.connection.get_server_pid()
                await self._reader.execute("SELECT pg_terminate_backend($1)", pid)
                while await self._reader.fetchval(_IS_THERE, pid):  # the function's own wait is 100 ms at least
                    pass
                appender.connection.terminate()  # it may not have heard of its end yet
                appender.connection = await self._connected()

    async def _read(self, step: Read) -> None:
        match step:
            case Read.LAST_DRAWN:
                self._drawn = await self._reader.fetchval(self._sql(_LAST_DRAWN))
            case Read.HOLDERS:
                self._holders = frozenset(await self._reader.fetchval(self._sql(_HOLDERS)))
            case Read.VISIBLE:
                row = await self._reader.fetchrow(self._sql(_VISIBLE), self._settled, bool(self._holders))
                self._settle(self._drawn, self._holders, row["top"], row["run"], "")
            case Read.PAGE:
                await self._page()
            case Read.SECOND_LOOK:
                await self._look()
                await self._page()

    async def _look(self) -> None:
        row = await self._reader.fetchrow(self._sql(_LOOK), self._settled)
        self._settle(row["drawn"], frozenset(row["holders"]), row["top"], row["run"], "")

    def _settle(self, drawn: int, holders: frozenset[str], top: int, run: int, era: str) -> None:
        settled = self._barriers.settle(drawn=drawn, holders=holders, top=top, era=era)
        self._settled = max(self._settled, settled, run)

    async def _page(self) -> None:
        rows = await self._reader.fetch(self._sql(_PAGE), self._through, self._settled)
        self._delivered += [row["position"] for row in rows]
        self._through = self._settled

    def _sql(self, statement: str) -> str:
        return in_schema(statement, self._schema)

    async def _connected(self) -> Any:
        return await asyncpg.connect(self._location.dsn, server_settings=_SETTINGS)
