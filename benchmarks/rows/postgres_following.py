"""Following the log on PostgreSQL while four processes write: how late, and what is missed."""

import asyncio
import time
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import aclosing, asynccontextmanager
from pathlib import Path
from typing import Final

import asyncpg

from benchmarks.harness.case import Case, Comparison, Round, Sample, Target
from benchmarks.harness.server import BenchServer
from benchmarks.harness.sizes import Sizes
from benchmarks.workloads.appenders import open_appenders
from benchmarks.workloads.application import open_postgres
from duolog.adapters.postgres.tail import BETWEEN_LOOKS

FENCED: Final = "duolog, the fence"
UNFENCED: Final = "a reader without a fence"
WRITERS: Final = 4
BATCH: Final = 500
_DRAIN_SECONDS: Final = 10.0
_ABOVE: Final = """
SELECT position, recorded_at, event_id, version, schema_version, partition, tenant, stream, type, tags, data, metadata
FROM duolog.events WHERE position > $1 ORDER BY position LIMIT $2
"""

Arrivals = list[tuple[int, float]]
"""Position, and seconds since it was recorded."""


def postgres_following(sizes: Sizes, server: BenchServer) -> Comparison:
    """Compare readers while the same processes write as fast as they can, one append in flight each."""
    count = sizes.appends[64]

    def case(name: str, read: Callable[[str, Arrivals], AsyncIterator[None]]) -> Case:
        @asynccontextmanager
        async def opening(_: Path) -> AsyncGenerator[Round]:
            with server.new_database() as url:
                async with open_postgres(url) as database, open_appenders(url, WRITERS, 1) as appenders:
                    arrivals: Arrivals = []

                    async def follow() -> None:
                        async for _ in read(url, arrivals):
                            pass

                    following = asyncio.create_task(follow())

                    async def measure() -> Sample:
                        before = await _recorded(url)
                        seen_before = len(arrivals)
                        sample = await appenders.append(count)
                        head = await database.store.head()
                        async with asyncio.timeout(_DRAIN_SECONDS):
                            while not arrivals or arrivals[-1][0] < head:
                                assert not following.done(), following
                                await asyncio.sleep(BETWEEN_LOOKS)
                        seen = arrivals[seen_before:]
                        positions = [position for position, _ in seen]
                        assert positions == sorted(set(positions)), "events came out of order, or twice"
                        missed = await _recorded(url) - before - len(seen)
                        assert missed == 0 or name != FENCED, f"{missed} events were missed"
                        return Sample(len(seen), sample.seconds, [lag for _, lag in seen], missed=missed)

                    yield measure
                    following.cancel()
                    await asyncio.wait((following,))

        return Case(name, opening)

    return Comparison(
        "postgres-tail",
        f"Follow the log on PostgreSQL while {WRITERS} processes write",
        "event",
        (case(FENCED, _fenced), case(UNFENCED, _unfenced)),
        reference=UNFENCED,
        targets=(Target(FENCED, UNFENCED, 1 / 3, "lag p50 ≤ 3x an unfenced reader's, so ≥ 0.33x as fast", 0.5),),
    )


async def _fenced(url: str, arrivals: Arrivals) -> AsyncGenerator[None]:
    async with open_postgres(url) as database, aclosing(database.store.subscribe(batch=BATCH)) as pages:
        async for page in pages:
            now = time.time()
            arrivals += [(event.position, now - event.recorded_at / 1e6) for event in page.events]
            yield


async def _unfenced(url: str, arrivals: Arrivals) -> AsyncGenerator[None]:
    connection = await asyncpg.connect(url)
    try:
        above, position = await connection.prepare(_ABOVE), 0
        while True:
            rows = await above.fetch(position, BATCH)
            now = time.time()
            arrivals += [(row["position"], now - row["recorded_at"] / 1e6) for row in rows]
            position = rows[-1]["position"] if rows else position
            yield
            await asyncio.sleep(BETWEEN_LOOKS)
    finally:
        await connection.close()


async def _recorded(url: str) -> int:
    connection = await asyncpg.connect(url)
    try:
        return int(await connection.fetchval("SELECT count(*) FROM duolog.events"))
    finally:
        await connection.close()
