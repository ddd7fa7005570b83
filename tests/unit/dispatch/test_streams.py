import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import aclosing
from dataclasses import dataclass, field

import pytest
from dishka import Provider, Scope, provide

from duolog import Application, Metadata, ReadDatabase, Settings, StreamQuery
from duolog.dispatch.context import current_metadata
from duolog.errors import NotStartedError
from duolog.testing import application

NUMBERS = {"numbers": "CREATE TABLE numbers (n INTEGER); INSERT INTO numbers VALUES (1), (2), (3)"}


@dataclass(frozen=True, slots=True)
class Count(StreamQuery[int]):
    to: int


@dataclass
class Watch:
    """What the handler did, as a test sees it."""

    yielded: list[int] = field(default_factory=list[int])
    closed: list[str] = field(default_factory=list[str])
    sessions: list[ReadDatabase] = field(default_factory=list[ReadDatabase])
    metadata: list[Metadata | None] = field(default_factory=list[Metadata | None])
    fails_at: int = 0
    after_end: Callable[[], Awaitable[None]] | None = None


class Resource:
    """Something that lives as long as the query's scope."""


class CountQueryService:
    def __init__(self, db: ReadDatabase, watch: Watch, resource: Resource) -> None:
        self._db = db
        self._watch = watch
        self._resource = resource
        watch.sessions.append(db)
        watch.metadata.append(current_metadata())

    async def execute(self, query: Count) -> AsyncIterator[int]:
        try:
            for n in range(1, query.to + 1):
                assert await self._db.fetch_value("SELECT count(*) FROM numbers") == 3
                if n == self._watch.fails_at:
                    message = f"no {n}"
                    raise LookupError(message)
                self._watch.yielded.append(n)
                yield n
        finally:
            self._watch.closed.append("handler")
            if self._watch.after_end is not None:
                await self._watch.after_end()


class CountProvider(Provider):
    scope = Scope.APP

    def __init__(self, watch: Watch) -> None:
        super().__init__()
        self._watch = watch

    @provide
    def watch(self) -> Watch:
        return self._watch

    @provide(scope=Scope.REQUEST)
    async def resource(self) -> AsyncIterator[Resource]:
        yield Resource()
        self._watch.closed.append("scope")


def counting(url: str, watch: Watch, *, drain_seconds: float = 5.0) -> Application:
    return application(
        Count.handled_by(CountQueryService),
        database=url,
        providers=[CountProvider(watch)],
        tables=NUMBERS,
        settings=Settings(drain_seconds=drain_seconds, query_seconds=0.2),
    )


async def test_a_stream_yields_every_item_in_order_and_closes_its_scope(url: str) -> None:
    watch = Watch()
    async with counting(url, watch) as app:
        assert [n async for n in app.stream(Count(5))] == [1, 2, 3, 4, 5]
        assert watch.closed == ["handler", "scope"]


async def test_the_handler_is_never_more_than_two_items_ahead_of_its_reader(url: str) -> None:
    watch = Watch()
    async with counting(url, watch) as app:
        async for n in app.stream(Count(50)):
            for _ in range(20):
                await asyncio.sleep(0)
            assert len(watch.yielded) <= n + 2


async def test_a_stream_lives_longer_than_the_time_limit_of_a_query(url: str) -> None:
    async with counting(url, Watch()) as app:
        read: list[int] = []
        async for n in app.stream(Count(3)):
            read.append(n)
            await asyncio.sleep(0.1)
        assert read == [1, 2, 3]


async def test_an_error_comes_after_the_items_before_it(url: str) -> None:
    watch = Watch(fails_at=3)
    async with counting(url, watch) as app:
        async with aclosing(app.stream(Count(5))) as items:
            assert [await anext(items), await anext(items)] == [1, 2]
            with pytest.raises(LookupError, match="no 3"):
                await anext(items)
        assert watch.closed == ["handler", "scope"]


async def test_closing_early_ends_the_handler_and_gives_its_read_session_back(url: str) -> None:
    watch = Watch()
    async with counting(url, watch) as app:
        async with asyncio.timeout(30):
            async with aclosing(app.stream(Count(1_000))) as items:
                async for n in items:
                    if n == 2:
                        for _ in range(20):
                            await asyncio.sleep(0)  # the handler waits for room now
                        break
        assert watch.closed == ["handler", "scope"]
        assert len(watch.yielded) < 10


async def test_a_hundred_streams_closed_early_use_up_no_connections(url: str) -> None:
    watch = Watch()
    async with counting(url, watch) as app, asyncio.timeout(20):
        for _ in range(100):
            async with aclosing(app.stream(Count(1_000))) as items:
                assert await anext(items) == 1
        assert [n async for n in app.stream(Count(2))] == [1, 2]


async def test_a_reader_that_is_cancelled_ends_the_handler(url: str) -> None:
    reading, has_ended = asyncio.Event(), asyncio.Event()

    async def read() -> None:
        async for _ in app.stream(Count(1_000_000)):
            reading.set()

    async def ended() -> None:
        has_ended.set()

    watch = Watch(after_end=ended)
    async with counting(url, watch) as app:
        task = asyncio.create_task(read())
        await reading.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        async with asyncio.timeout(30):
            await has_ended.wait()


async def test_a_handler_that_fails_while_it_is_closed_early_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    async def fails() -> None:
        message = "cleanup failed"
        raise OSError(message)

    watch = Watch(after_end=fails)
    async with counting("memory://", watch) as app:
        async with aclosing(app.stream(Count(10))) as items:
            assert await anext(items) == 1
        logged = [record for record in caplog.records if record.name == "duolog.dispatch"]
        assert [record.levelno for record in logged] == [logging.ERROR]
    assert watch.closed == ["handler", "scope"]


async def test_a_stream_inherits_metadata_like_any_message() -> None:
    watch = Watch()
    given = Metadata(tenant="east")
    async with counting("memory://", watch) as app:
        assert [n async for n in app.stream(Count(1), metadata=given)] == [1]
        assert watch.metadata == [given]
    assert current_metadata() is None


async def test_closing_the_application_ends_a_stream_that_is_not_read_on_with_an_error() -> None:
    watch = Watch()
    app = counting("memory://", watch, drain_seconds=0.05)
    async with aclosing(app.stream(Count(1_000))) as items:
        async with app:
            assert await anext(items) == 1
        assert watch.closed == ["handler", "scope"]
        assert await anext(items) == 2  # it had been handed over
        with pytest.raises(NotStartedError, match="ended before its last item"):
            await anext(items)
