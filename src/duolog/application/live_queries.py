"""Answers that are given again when their views have changed."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from dataclasses import replace
from typing import Any, Final

from duolog.application.answer import Answer, make_answer
from duolog.application.dispatcher import Running
from duolog.errors import ConfigurationError, NotStartedError
from duolog.ids import uuid7
from duolog.messages.binding import Binding
from duolog.messages.metadata import Metadata
from duolog.read.after_position import AfterPosition
from duolog.read.caching.entry import ViewsWanted
from duolog.read.watching.view_feed import ViewFeed

_AT_ONCE: Final = 16

Ask = Callable[[Binding[Any, Any], object, Metadata | None, AfterPosition | None, ViewsWanted], Running]


class LiveQueries:
    """Watches queries, each through the whole pipeline whenever it is asked.

    Args:
        feed: tells when views have changed.
        counted: names of the views whose changes the database counts.
    """

    __slots__ = ("_counted", "_feed", "_room")

    def __init__(self, feed: ViewFeed, counted: frozenset[str]) -> None:
        self._feed = feed
        self._counted = counted
        self._room = asyncio.Semaphore(_AT_ONCE)

    def can_watch(self, binding: Binding[Any, Any]) -> bool:
        """Tell whether the views of a query say when they have changed."""
        return bool(binding.reads) and all(model.name in self._counted for model in binding.reads)

    async def watch(
        self,
        ask: Ask,
        binding: Binding[Any, Any],
        query: object,
        metadata: Metadata | None,
        after: AfterPosition | None,
    ) -> AsyncGenerator[Answer[Any], None]:
        """Yield the answer of a query, and every other one that it gets later.

        Raises:
            ConfigurationError: its views do not say when they have changed.
            TooManyWatchersError: no more queries may be watched at once.
            Exception: what the pipeline raises, when it is asked first or later.
        """
        if not self.can_watch(binding):
            message = f"{binding.name} cannot be watched: its views do not say when they have changed"
            hint = "Name the projections that it reads in reads=[...]; inline ones, and ones without tables, do not do."
            raise ConfigurationError(message, hint=hint)
        with self._feed.watch(tuple(model.name for model in binding.reads)) as watcher:
            last: Answer[Any] | None = None
            goes_on = True
            while goes_on:
                try:
                    async with self._room:  # so that a change that concerns a thousand watchers leaves room for others
                        result, context = await ask(binding, query, metadata, after, ViewsWanted())
                except NotStartedError:
                    if self._feed.is_closed and last is not None:
                        return
                    raise
                after, metadata = None, _renewed(metadata)
                answer = make_answer(result, context)
                if last is None or answer.result != last.result:
                    yield answer
                last = answer
                goes_on = await watcher.changed(None if answer.views is None else answer.views.versions)


def _renewed(metadata: Metadata | None) -> Metadata | None:
    """Return the metadata for asking again: a message of its own, of the same sender."""
    return None if metadata is None else replace(metadata, message_id=uuid7())
