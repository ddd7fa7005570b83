"""Appends under conditions over tags on PostgreSQL, 64 in flight."""

import asyncio
import itertools
import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final
from uuid import UUID

import msgspec

from benchmarks.harness.case import Case, Comparison, Round, Sample, Target
from benchmarks.harness.server import BenchServer
from benchmarks.harness.sizes import Sizes
from benchmarks.harness.stopwatch import time_tasks
from benchmarks.workloads.accounts import opened
from benchmarks.workloads.application import make_codec, open_postgres
from duolog.codec.event_codec import EventCodec
from duolog.errors import ConflictError
from duolog.eventstore.conditions import AppendCondition, EventQuery, QueryItem
from duolog.eventstore.expectations import NoStream
from duolog.ids import uuid7
from duolog.messages.envelope import NewEvent

IN_FLIGHT: Final = 64
UNCONDITIONAL: Final = "no condition"
DISJOINT: Final = "a tag of its own each, the condition is at hand"
READ_AND_APPEND: Final = "a tag of its own each, read the boundary and append"
HOT: Final = "one hot tag"


def postgres_boundaries(sizes: Sizes, server: BenchServer) -> Comparison:
    """Compare appends whose events have one tag each, with and without a condition."""
    count = sizes.appends[IN_FLIGHT]

    def case(name: str) -> Case:
        @asynccontextmanager
        async def opening(_: Path) -> AsyncGenerator[Round]:
            codec = make_codec()
            with server.new_database() as url:
                async with open_postgres(url) as database:
                    store = database.store
                    horizon = 0

                    async def append() -> None:
                        account_id = uuid7()
                        event, query = _tagged(codec, account_id, f"account:{account_id}")
                        condition = None
                        if name == DISJOINT:
                            condition = AppendCondition(query, horizon)
                        elif name == READ_AND_APPEND:
                            condition = (await store.read_boundary(query)).condition
                        await store.append(f"account-{account_id}", (event,), NoStream(), condition=condition)

                    async def measure() -> Sample:
                        nonlocal horizon
                        horizon = (await store.read_all(after=horizon, limit=1_000_000)).through
                        return await time_tasks(append, count, IN_FLIGHT)

                    yield measure

        return Case(name, opening)

    return Comparison(
        "postgres-boundaries",
        f"Append under a condition on PostgreSQL, {IN_FLIGHT} in flight",
        "append",
        [case(name) for name in (UNCONDITIONAL, DISJOINT, READ_AND_APPEND)],
        reference=UNCONDITIONAL,
        targets=(Target(DISJOINT, UNCONDITIONAL, 0.8, "disjoint tags: ≥ 0.8x unconditional"),),
    )


def postgres_hot_tag(sizes: Sizes, server: BenchServer) -> Comparison:
    """Count the successes of 64 deciders over one tag, a new one each round, so that its history stays short."""
    count = sizes.appends[IN_FLIGHT] // 8

    @asynccontextmanager
    async def opening(_: Path) -> AsyncGenerator[Round]:
        codec, numbers = make_codec(), itertools.count(1)
        with server.new_database() as url:
            async with open_postgres(url) as database:
                store = database.store

                async def measure() -> Sample:
                    hot, turns = f"hot:{next(numbers)}", iter(range(count))
                    latencies: list[float] = []

                    async def decider() -> None:
                        for _ in turns:
                            begun = time.perf_counter()
                            while True:
                                account_id = uuid7()
                                event, query = _tagged(codec, account_id, hot)
                                condition = (await store.read_boundary(query)).condition
                                try:
                                    await store.append(
                                        f"account-{account_id}", (event,), NoStream(), condition=condition
                                    )
                                except ConflictError:
                                    continue
                                break
                            latencies.append(time.perf_counter() - begun)

                    begin = time.perf_counter()
                    await asyncio.gather(*(decider() for _ in range(IN_FLIGHT)))
                    return Sample(count, time.perf_counter() - begin, latencies)

                yield measure

    return Comparison(
        "postgres-hot-tag",
        f"Decide over one hot tag on PostgreSQL, {IN_FLIGHT} in flight",
        "decision",
        (Case(HOT, opening),),
        reference=HOT,
        targets=(Target(HOT, "", 300, "≥ 300 successes a second"),),
    )


def _tagged(codec: EventCodec, account_id: UUID, tag: str) -> tuple[NewEvent, EventQuery]:
    event = msgspec.structs.replace(codec.encode(opened(account_id)), tags=(tag,))
    return event, EventQuery((QueryItem(tags=(tag,)),))
