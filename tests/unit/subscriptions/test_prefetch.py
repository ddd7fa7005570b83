"""Reading ahead."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from uuid import UUID

import pytest

from duolog.errors import DatabaseError
from duolog.eventstore.port import EventPage
from duolog.messages.envelope import RecordedEvent
from duolog.subscriptions.page_size import PageSize
from duolog.subscriptions.prefetch import prefetched


def recorded(position: int) -> RecordedEvent:
    return RecordedEvent(position, "", "number-1", position, UUID(int=position), "n", 1, (), 0, b"{}", b"{}", 0)


def page(first: int, last: int, through: int | None = None) -> EventPage:
    return EventPage([recorded(position) for position in range(first, last + 1)], through or last)


class Log:
    """Gives pages out, and counts those that were asked for; then it fails or waits."""

    def __init__(self, pages: Sequence[EventPage], error: Exception | None = None) -> None:
        self.given = 0
        self.closed = False
        self._pages = pages
        self._error = error

    async def follow(self) -> AsyncGenerator[EventPage, None]:
        try:
            for each in self._pages:
                await asyncio.sleep(0)
                self.given += 1
                yield each
            if self._error is not None:
                raise self._error
            await asyncio.Event().wait()
        finally:
            self.closed = True


def shape(page: EventPage) -> tuple[list[int], int]:
    return [event.position for event in page.events], page.through


async def test_pages_that_were_read_meanwhile_are_put_together_and_cut() -> None:
    """Nothing is lost or doubled, and no page is longer than wanted."""
    log, size, seen = Log([page(1, 3), page(4, 6), page(7, 7, 9), page(10, 19)]), PageSize(4), list[int]()
    size.events = 8
    async with aclosing(
        prefetched(log.follow(), size, lambda events: seen.extend(each.position for each in events))
    ) as pages:
        found = [shape(await anext(pages))]
        for _ in range(100):
            await asyncio.sleep(0)
        assert log.given == 4
        found += [shape(await anext(pages)) for _ in range(3)]
    assert found == [([1, 2, 3], 3), ([4, 5, 6, 7], 9), ([*range(10, 18)], 17), ([18, 19], 19)]
    assert seen == [1, 2, 3, 4, 5, 6, 7, *range(10, 20)]
    assert log.closed


async def test_no_more_is_read_ahead_than_wanted() -> None:
    """Memory is bounded while a page is applied for long."""
    log = Log([page(1 + 4 * number, 4 + 4 * number) for number in range(20)])
    async with aclosing(prefetched(log.follow(), PageSize(4), lambda _: None)) as pages:
        await anext(pages)
        for _ in range(100):
            await asyncio.sleep(0)
        assert log.given <= 4


async def test_what_was_read_before_a_failure_is_given_out_first() -> None:
    """The failure is raised behind it."""
    log = Log([page(1, 4)], DatabaseError("gone"))
    async with aclosing(prefetched(log.follow(), PageSize(4), lambda _: None)) as pages:
        assert shape(await anext(pages)) == ([1, 2, 3, 4], 4)
        with pytest.raises(DatabaseError, match="gone"):
            await anext(pages)


def test_pages_grow_while_they_are_fast_and_full_and_shrink_when_slow() -> None:
    """Between a bound above and one below."""
    size = PageSize(100)
    size.took(50, 0.01)
    assert size.events == 100
    for expected in (200, 400, 800, 800):
        size.took(size.events, 0.01)
        assert size.events == expected
    size.took(800, 1)
    assert size.events == 400
    size.took(40, 1)
    assert size.events == 20
    size.took(2, 1)
    assert size.events == 16
