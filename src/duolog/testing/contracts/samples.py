"""What the contract suites append, and how they follow and gather."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Iterable
from contextlib import aclosing, asynccontextmanager
from typing import Final, TypeVar

from duolog.eventstore.port import EventPage
from duolog.ids import uuid7
from duolog.messages.envelope import NewEvent, RecordedEvent

T = TypeVar("T")

SECONDS: Final = 20.0
"""A contract that waits fails after so long."""

GRACE: Final = 0.05
"""So long something is watched that must not happen, in seconds."""


def new_event(type: str = "thing.happened", *tags: str, data: bytes = b"{}") -> NewEvent:  # noqa: A002 - the log's word
    """Make an event with a new id."""
    return NewEvent(uuid7(), type, 1, data, tuple(sorted(tags)))


def new_events(count: int) -> list[NewEvent]:
    """Make so many events, each with its own content."""
    return [new_event(data=b'{"n":%d}' % number) for number in range(count)]


@asynccontextmanager
async def following(pages: AsyncGenerator[EventPage, None]) -> AsyncGenerator[AsyncIterator[EventPage], None]:
    """Follow a subscription, and end it."""
    async with aclosing(pages), asyncio.timeout(SECONDS):
        yield pages


async def followed(pages: AsyncGenerator[EventPage, None], *, events: int) -> list[RecordedEvent]:
    """Follow a subscription until so many events came, and end it."""
    found: list[RecordedEvent] = []
    async with following(pages):
        while len(found) < events:
            found.extend((await anext(pages)).events)
    return found


async def outcomes(calls: Iterable[Awaitable[T]]) -> tuple[list[T], list[Exception]]:
    """Run calls side by side, and return what they returned and what they raised."""
    results: list[T] = []
    errors: list[Exception] = []
    for outcome in await asyncio.gather(*calls, return_exceptions=True):
        if isinstance(outcome, Exception):
            errors.append(outcome)
        elif isinstance(outcome, BaseException):
            raise outcome
        else:
            results.append(outcome)
    return results, errors


async def stays_pending(task: asyncio.Task[object]) -> bool:
    """Tell whether a task is still waiting after a moment in which it could have ended."""
    done, _ = await asyncio.wait({task}, timeout=GRACE)
    return not done
