"""Worker processes that build one divided view on PostgreSQL: how much faster several are, and what they cost."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Final

from benchmarks.harness.case import Case, Comparison, Round, Sample
from benchmarks.harness.server import BenchServer, costs
from benchmarks.harness.sizes import Sizes
from benchmarks.workloads.application import fill, open_postgres
from benchmarks.workloads.catching_up import catching_up
from benchmarks.workloads.child import open_children
from benchmarks.workloads.worker import divided
from duolog.adapters.postgres.database import PostgresDatabase
from duolog.admin.resetting import reset_projection
from duolog.database.port import View
from duolog.subscriptions.members import Work

PARTITIONS: Final = 4
_SECONDS: Final = 3_600.0
_BETWEEN_LOOKS: Final = 0.05


def postgres_workers(sizes: Sizes, server: BenchServer, view: str) -> Comparison:
    """Compare one, two and four worker processes on a view of four shares.

    Args:
        sizes: how much is done.
        server: where.
        view: which, of `benchmarks.workloads.worker.VIEWS`.
    """
    projection = divided(view, PARTITIONS)
    work = Work(projection.name, projection.version)

    @asynccontextmanager
    async def opening(processes: int, _: Path) -> AsyncGenerator[Round]:
        with server.new_database() as url:
            async with open_postgres(url) as database:
                await fill(database, sizes.rebuild)
                await database.prepare_view(View(work.subscription, work.version, projection.tables, PARTITIONS))
                head = await database.store.head()

                async def measure() -> Sample:
                    await database.pauses.pause(work.subscription, by="the benchmark")
                    await reset_projection(database, projection)
                    fsyncs = server.fsyncs()
                    module = "benchmarks.workloads.worker"
                    async with open_children(module, url, view, str(PARTITIONS), count=processes) as workers:
                        await _joined(database, work, processes)
                        client = [float(await worker.ask("cpu")) for worker in workers]
                        on_server = server.cpu_seconds()
                        await database.pauses.resume(work.subscription)
                        seconds = await catching_up(database, work.subscription, head, seconds=_SECONDS)
                        on_server = server.cpu_seconds() - on_server
                        used = sum([float(await worker.ask("cpu")) for worker in workers]) - sum(client)
                    rows = server.run_sql("SELECT count(*) FROM accounts", database=url.rpartition("/")[2])
                    assert int(rows) == sizes.rebuild
                    spent = costs(sizes.rebuild, used, on_server, server.fsyncs() - fsyncs)
                    return Sample(sizes.rebuild, seconds, costs=spent)

                yield measure

    names = {processes: f"{processes} worker{'s' if processes > 1 else ''}" for processes in (1, 2, 4)}
    handlers = {"plain": "one event a handler", "sets": "set-based"}[view]
    return Comparison(
        f"postgres-workers-{view}",
        f"Build a view of {PARTITIONS} shares from {sizes.rebuild:,} events on PostgreSQL, {handlers}",
        "event",
        [Case(name, partial(opening, processes)) for processes, name in names.items()],
        reference=names[1],
    )


async def _joined(database: PostgresDatabase, work: Work, processes: int) -> None:
    """Wait until all know of each other: then each takes its fair part at once."""
    async with asyncio.timeout(60):
        while len((await database.shares.survey()).members.get(work, ())) != processes:  # noqa: ASYNC110 - the database has no signal for it
            await asyncio.sleep(_BETWEEN_LOOKS)
