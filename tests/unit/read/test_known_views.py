"""What a process knows of views: as of when, and never less than it has heard of."""

import asyncio
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pytest

from duolog.errors import DatabaseError, NotStartedError
from duolog.read.caching.known_views import KnownViews
from duolog.tables.view_changes import ViewChanges

VIEWS = ("one",)


@dataclass
class Source:
    """A view that is changed by hand; readings end when they may.

    Attributes:
        changes: how often it was changed.
        readings: how many began.
        may_end: lets readings end.
        error: what readings raise.
    """

    changes: int = 0
    readings: int = 0
    may_end: asyncio.Event = field(default_factory=asyncio.Event)
    error: Exception | None = None

    async def view_changes(self, views: Sequence[str]) -> Mapping[str, ViewChanges]:
        self.readings += 1
        changes = self.changes
        await self.may_end.wait()
        if self.error is not None:
            raise self.error
        return {view: ViewChanges((1, 1, changes), 0) for view in views}


async def test_a_reading_that_began_earlier_is_not_enough() -> None:
    """Whoever asks what a view has come to since then gets a reading that began since then."""
    source = Source()
    known = KnownViews(source)
    first = asyncio.create_task(known.check(VIEWS, since=time.monotonic()))
    await asyncio.sleep(0)
    await asyncio.sleep(0.001)
    source.changes = 1
    second = asyncio.create_task(known.check(VIEWS, since=time.monotonic()))
    await asyncio.sleep(0)
    source.may_end.set()
    await asyncio.gather(first, second)
    assert (known.of("one").version, source.readings) == ((1, 1, 1), 2)


async def test_a_reading_from_before_a_change_says_nothing() -> None:
    """A look that was under way when this process changed the view does not count as one after it."""
    source = Source()
    known = KnownViews(source)
    began = time.monotonic()
    checking = asyncio.create_task(known.check(VIEWS, since=began))
    await asyncio.sleep(0.001)
    known.distrust("one")
    source.may_end.set()
    await checking
    assert known.of("one").as_of < began
    await known.check(VIEWS, since=time.monotonic())
    assert known.of("one").as_of > began


async def test_many_who_ask_share_a_reading() -> None:
    """A thousand who ask at once are two readings at most: one under way, and the next one."""
    source = Source()
    known = KnownViews(source)
    asking = [asyncio.create_task(known.check(VIEWS, since=time.monotonic())) for _ in range(1_000)]
    await asyncio.sleep(0.01)
    source.may_end.set()
    await asyncio.gather(*asking)
    assert source.readings <= 2


async def test_what_is_known_only_grows() -> None:
    """A late reading of an older state changes nothing, but its position counts at the same state."""
    known = KnownViews(Source())
    known.hear("one", ViewChanges((1, 1, 5), 7), as_of=1.0)
    known.hear("one", ViewChanges((1, 1, 4), 9), as_of=2.0)
    assert (known.of("one").version, known.of("one").position, known.of("one").as_of) == ((1, 1, 5), 7, 2.0)
    known.hear("one", ViewChanges((1, 1, 5), 9), as_of=1.0)
    assert (known.of("one").position, known.of("one").as_of) == (9, 2.0)
    known.hear("one", ViewChanges((2, 1, 0), 3), as_of=3.0)
    assert (known.of("one").version, known.of("one").position) == ((2, 1, 0), 3)


async def test_whoever_waits_hears_of_a_failure() -> None:
    """All who share a reading get its error, and the next one may succeed."""
    source = Source(error=DatabaseError("no"))
    source.may_end.set()
    known = KnownViews(source)
    with pytest.raises(DatabaseError):
        await known.check(VIEWS, since=time.monotonic())
    source.error = None
    await known.check(VIEWS, since=time.monotonic())


async def test_closing_ends_what_is_being_read() -> None:
    """Whoever waits is told that the application is closed."""
    known = KnownViews(Source())
    asking = asyncio.create_task(known.check(VIEWS, since=time.monotonic()))
    await asyncio.sleep(0)
    await known.close()
    with pytest.raises(NotStartedError):
        await asking
