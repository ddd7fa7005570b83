"""One query whose answers are cached: when a kept answer is served, and who asks the query service."""

import asyncio
import logging
import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any, Final

import msgspec

from duolog.dispatch.context import MessageContext
from duolog.dispatch.pipeline import Call
from duolog.errors import DatabaseError, PayloadError
from duolog.messages.binding import Binding
from duolog.read.after_position import AfterPosition
from duolog.read.caching.answers import CachedAnswers
from duolog.read.caching.declaration import CachePolicy
from duolog.read.caching.entry import CacheEntry, ViewsRead, ViewsWanted
from duolog.read.caching.figures import CacheMeter, Source
from duolog.read.caching.known_views import NEVER, KnownViews
from duolog.read.caching.memory_cache import MemoryCache
from duolog.read.caching.shared_level import SharedLevel
from duolog.read.caching.snapshot_views import read_views, require_known
from duolog.read.position_token import PositionToken
from duolog.read.read_scope import ReadScope

_log: Final = logging.getLogger("duolog.cache")
_MEMORY: Final = Source.MEMORY


@dataclass(slots=True)
class _Flight:
    """A question whose answer somebody is fetching.

    Attributes:
        ended: when it is over.
        found: the answer; None if there is none that others may have.
        as_of: the answer is no older than this time of the process's steady clock.
        is_unfit: answers of this question cannot be kept now, so nobody is to wait for one.
    """

    ended: asyncio.Event = field(default_factory=asyncio.Event)
    found: CacheEntry | None = None
    as_of: float = -math.inf
    is_unfit: bool = False


class CachedQuery:
    """Answers one query from what was kept, where that is as new as was asked for.

    An entry carries what the views had come to in its own snapshot. It is served if

    - no view is known to have gone on since (what this process has heard of only grows, so answers never go back), and
    - the views were looked at within ``max_staleness``, and had not gone on then; with ``strict`` since the question
      was asked; with ``after=`` at a state that has the position.

    Nothing is ever deleted when a view changes, so there is no race between a change and a fill: a late fill carries
    the old versions with it, and is recognised by them wherever it arrives.

    Args:
        binding: the query and its service.
        policy: how its answers are cached.
        known: what this process has heard of views.
        memory: the level in memory, or None.
        shared: the level that processes share, or None.
        shared_key: makes that level's key of a key.
        snapshot_reads: the database's query scopes read one snapshot.

    Raises:
        ConfigurationError: its answers cannot be cached.
    """

    def __init__(
        self,
        binding: Binding[Any, Any],
        policy: CachePolicy,
        *,
        known: KnownViews,
        memory: MemoryCache | None,
        shared: SharedLevel | None,
        shared_key: Callable[[bytes], bytes],
        snapshot_reads: bool,
    ) -> None:
        self.meter = CacheMeter(binding.name)
        self._answers = CachedAnswers(binding, policy)
        self._name = binding.name
        self._names = tuple(model.name for model in binding.reads)
        self._known = known
        self._views = tuple(known.of(name) for name in self._names)
        self._memory = memory
        self._shared = shared
        self._shared_key = shared_key
        self._snapshot_reads = snapshot_reads
        self._strict = policy.strict
        self._max_staleness = policy.max_staleness
        self._flights: dict[bytes, _Flight] = {}
        self._is_told = False

    async def answer(self, context: MessageContext, proceed: Call) -> object:
        """Answer one question.

        Args:
            context: of the question.
            proceed: asks the query service.

        Raises:
            DatabaseError: the database failed.
            Exception: what the query service raises.
        """
        try:
            key = self._answers.key(context.message, context.given or context.cause)
        except (msgspec.MsgspecError, TypeError, ValueError, OverflowError) as error:
            self._tell_unfit(error)
            return await self._ask_alone(context, proceed, self._least(context, time.monotonic()))
        now = time.monotonic()
        least = self._least(context, now)
        while True:
            entry = self._memory.find(key) if self._memory is not None else None
            if entry is not None and (self._is_fresh(entry, least) or await self._is_confirmed(entry, least)):
                return self._give(entry, _MEMORY, context)
            flight = self._flights.get(key)
            if flight is None:
                return await self._lead(key, context, proceed, least)
            await flight.ended.wait()
            if flight.is_unfit:
                return await self._ask_alone(context, proceed, least)
            entry = flight.found
            if entry is not None and (
                flight.as_of >= now or self._is_fresh(entry, least) or await self._is_confirmed(entry, least)
            ):
                return self._give(entry, Source.JOINED, context)

    def _least(self, context: MessageContext, now: float) -> float:
        """Return since when views must have been looked at, by the process's steady clock."""
        if self._strict:
            return now
        after = context.find(AfterPosition)
        if after is not None:
            wanted = after.position
            position = wanted.position if isinstance(wanted, PositionToken) else wanted
            if any(view.position < position for view in self._views):
                return now  # the views have it, as was waited for; what they are known to have come to may not
        return now - self._max_staleness

    def _is_fresh(self, entry: CacheEntry, least: float) -> bool:
        """Tell whether what is known suffices to serve an entry."""
        for view, version in zip(self._views, entry.views.versions, strict=True):
            if version != view.version or view.as_of < least:
                return False
        return True

    async def _is_confirmed(self, entry: CacheEntry, least: float) -> bool:
        """Tell whether an entry can be served, having looked at the views unless it is known to be left behind."""
        if any(version < view.version for view, version in zip(self._views, entry.views.versions, strict=True)):
            return False
        # One that is newer than what is known was read by another process: there is news.
        has_news = any(version > view.version for view, version in zip(self._views, entry.views.versions, strict=True))
        try:
            await self._known.check(self._names, since=time.monotonic() if has_news else least)
        except DatabaseError:
            return False  # the query itself will say so
        return self._is_fresh(entry, least)

    def _give(self, entry: CacheEntry, source: Source, context: MessageContext) -> object:
        self.meter.answered(source)
        context.put(ViewsRead, entry.views)
        return self._answers.answer(entry)

    async def _lead(self, key: bytes, context: MessageContext, proceed: Call, least: float) -> object:
        """Fetch the answer for everybody who asks this question meanwhile."""
        flight = self._flights[key] = _Flight()
        try:
            entry = await self._from_shared(key, least)
            if entry is not None:
                flight.found, flight.as_of = entry, least
                return self._give(entry, Source.SHARED, context)
            return await self._ask(key, context, proceed, flight, least)
        finally:
            del self._flights[key]
            flight.ended.set()

    async def _from_shared(self, key: bytes, least: float) -> CacheEntry | None:
        """Return what the shared level has, if it can be served, and keep it in memory."""
        if self._shared is None:
            return None
        found = await self._shared.get(self._shared_key(key), self.meter)
        if found is None:
            return None
        try:
            entry = self._answers.received(found)
        except msgspec.MsgspecError as error:
            self._tell_unfit(error)
            return None
        if len(entry.views.versions) != len(self._views):
            return None
        if not (self._is_fresh(entry, least) or await self._is_confirmed(entry, least)):
            return None
        if self._memory is not None:
            self._memory.keep(key, entry)
        return entry

    async def _ask(self, key: bytes, context: MessageContext, proceed: Call, flight: _Flight, least: float) -> object:
        """Ask the query service, and keep its answer with what the views had come to before it read them."""
        began = time.monotonic()
        await require_known(context, self._names, self._known, since=least)
        views = await read_views(context, self._names, self._known)
        scope = context.find(ReadScope)
        is_behind = scope is not None and scope.is_behind
        answer = await proceed(context)
        self.meter.answered(Source.QUERIED)
        is_lost = scope is not None and scope.is_lost  # the service has answered all the same
        if views is None or is_lost or not (self._snapshot_reads or await self._are_unchanged(context, views)):
            flight.is_unfit = True
            return answer
        views = replace(views, tag=self._answers.tag(key, views.versions))
        context.put(ViewsRead, views)
        try:
            entry = self._answers.entry(answer, views)
        except PayloadError as error:
            flight.is_unfit = True
            self._tell_unfit(error)
            return answer
        flight.found, flight.as_of = entry, NEVER if is_behind else began
        if self._memory is not None:
            self._memory.keep(key, entry)
        if self._shared is not None:
            await self._shared.fill(self._shared_key(key), entry, self.meter)
        return answer

    async def _ask_alone(self, context: MessageContext, proceed: Call, least: float) -> object:
        """Ask the query service for one caller, and keep nothing."""
        await require_known(context, self._names, self._known, since=least)
        if context.find(ViewsWanted) is not None:
            views = await read_views(context, self._names, self._known)
            if views is not None:
                context.put(ViewsRead, views)
        answer = await proceed(context)
        self.meter.answered(Source.QUERIED)
        return answer

    async def _are_unchanged(self, context: MessageContext, views: ViewsRead) -> bool:
        """Tell whether the views are still as they were, where fetches of one scope may see several states."""
        again = await read_views(context, self._names, self._known)
        return again is not None and again.versions == views.versions

    def _tell_unfit(self, error: Exception) -> None:
        self.meter.unfit()
        if not self._is_told:
            self._is_told = True
            reason = error.message if isinstance(error, PayloadError) else type(error).__name__
            _log.warning("%s: an answer is not cached: %s", self._name, reason)
