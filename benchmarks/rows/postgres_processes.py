"""Processes that append side by side on PostgreSQL: what the fence costs, and what a lock over the log would."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

import asyncpg

from benchmarks.harness.case import Case, Comparison, Round, Target
from benchmarks.harness.server import BenchServer
from benchmarks.harness.sizes import Sizes
from benchmarks.workloads.appenders import open_appenders
from benchmarks.workloads.application import open_postgres

FENCE: Final = "duolog, the fence"
UNLOCKED: Final = "nothing: readers would skip events"
EXCLUSIVE: Final = "an exclusive lock over the log"
COUNTER: Final = "a counter row"
MANY: Final = 8
"""From so many processes on, targets are set."""

# What every append does first. All else is the same: the client, the batches, the statements, the indexes.
_FIRST: Final = {
    FENCE: "",
    UNLOCKED: "SELECT",
    EXCLUSIVE: "SELECT pg_advisory_xact_lock(1685417836, hashtext('duolog'))",
    COUNTER: "UPDATE duolog.counter SET position = position + 1",
}
_REPLACE: Final = """
CREATE TABLE duolog.counter (position bigint NOT NULL) WITH (fillfactor = 10);
INSERT INTO duolog.counter (position) VALUES (0);
CREATE OR REPLACE FUNCTION duolog.take_fence() RETURNS void LANGUAGE sql VOLATILE AS $$ {first} $$;
"""


def postgres_processes(sizes: Sizes, server: BenchServer, processes: int, in_flight: int) -> Comparison:
    """Compare so many processes, each with so many appends in flight."""
    count = max(sizes.appends[in_flight], sizes.appends[1] * processes)

    def case(name: str) -> Case:
        @asynccontextmanager
        async def opening(_: Path) -> AsyncGenerator[Round]:
            with server.new_database() as url:
                async with open_postgres(url):
                    pass  # makes the log
                if _FIRST[name]:
                    await _replace(url, _FIRST[name])
                async with open_appenders(url, processes, in_flight) as appenders:
                    yield lambda: appenders.append(count)

        return Case(name, opening)

    targets = (
        Target(FENCE, UNLOCKED, 0.95, "≥ 0.95x without any lock"),
        Target(FENCE, EXCLUSIVE, 1.7, "≥ 1.7x an exclusive lock"),
        Target(FENCE, COUNTER, 1.7, "≥ 1.7x a counter row"),
    )
    return Comparison(
        f"postgres-processes-{processes}x{in_flight}",
        f"Append by {processes} processes on PostgreSQL, {in_flight} in flight in each",
        "append",
        [case(name) for name in _FIRST],
        reference=UNLOCKED,
        targets=targets if processes >= MANY else (),
    )


async def _replace(url: str, first: str) -> None:
    connection = await asyncpg.connect(url)
    try:
        await connection.execute(_REPLACE.format(first=first))
    finally:
        await connection.close()
