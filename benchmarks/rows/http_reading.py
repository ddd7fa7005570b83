"""Two routes over HTTP: one person, and a page of 20, beside the same routes written by hand."""

import asyncio
import random
from collections.abc import AsyncGenerator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Final

from benchmarks.harness.case import Case, Comparison, Round, Sample, Target
from benchmarks.harness.server import BenchServer
from benchmarks.harness.sizes import Sizes
from benchmarks.harness.stopwatch import time_tasks
from benchmarks.rows.postgres_paging import Table
from benchmarks.workloads.child import open_children
from benchmarks.workloads.web_server import HOST

IN_FLIGHT: Final = 16
OURS: Final = "duolog, query through the whole pipeline"
OUR_JSON: Final = "duolog, the same, JSON without objects"
RAW: Final = "by hand: FastAPI and asyncpg"
ORM: Final = "by hand: FastAPI and SQLAlchemy ORM"
_END: Final = b"\r\n\r\n"
_LENGTH: Final = b"content-length:"


class Client:
    """A connection that is kept, and sends one request at a time; no more than what a measurement needs."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    async def get(self, path: str) -> bytes:
        """Return the body of an answer of 200."""
        self._writer.write(f"GET {path} HTTP/1.1\r\nHost: {HOST}\r\n\r\n".encode())
        head = (await self._reader.readuntil(_END)).lower()
        assert head.startswith(b"http/1.1 200 "), head
        length = int(head.partition(_LENGTH)[2].partition(b"\r")[0])
        return await self._reader.readexactly(length)

    async def close(self) -> None:
        self._writer.close()
        await self._writer.wait_closed()


def http_reading(sizes: Sizes, server: BenchServer, route: str) -> Comparison:
    """Compare one route: ``one`` person by key, or the first ``page`` of 20."""
    table = Table(server, sizes.rows)
    requests = max(sizes.pages * 10, 200)
    chance = random.Random(1)

    def path(prefix: str) -> str:
        return f"{prefix}/users/{chance.randint(1, sizes.rows)}" if route == "one" else f"{prefix}/users?limit=20"

    @asynccontextmanager
    async def served(kind: str, prefix: str, _: Path) -> AsyncGenerator[Round]:
        async with AsyncExitStack() as stack:
            url = await stack.enter_async_context(table.url())
            (child,) = await stack.enter_async_context(open_children("benchmarks.workloads.web_server", kind, url))
            port = int(await child.read())
            idle: list[Client] = []
            for _number in range(IN_FLIGHT):
                client = Client(*await asyncio.open_connection(HOST, port))
                stack.push_async_callback(client.close)
                idle.append(client)

            async def ask() -> None:
                client = idle.pop()
                assert await client.get(path(prefix))
                idle.append(client)

            async def measure() -> Sample:
                return await time_tasks(ask, requests, IN_FLIGHT)

            yield measure

    cases: tuple[tuple[str, Callable[[Path], object]], ...] = (
        (OURS, partial(served, "duolog", "")),
        (OUR_JSON, partial(served, "duolog", "/json")),
        (RAW, partial(served, "asyncpg", "")),
        (ORM, partial(served, "sqlalchemy", "")),
    )
    what = "GET /users/{id}" if route == "one" else "GET /users?limit=20"
    return Comparison(
        f"http-{route}",
        f"`{what}` of {sizes.rows:,} rows of PostgreSQL, {IN_FLIGHT} connections",
        "request",
        [Case(name, opening) for name, opening in cases],
        reference=RAW,
        targets=(Target(OURS, ORM, 1, "no slower than the same route with SQLAlchemy's ORM"),),
    )
