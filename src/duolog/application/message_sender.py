"""Sending commands and queries to their handlers."""

from collections.abc import AsyncGenerator, Callable
from typing import Any, TypeVar, cast

from duolog.application.answer import Answer, make_answer
from duolog.application.dispatcher import Dispatcher
from duolog.application.live_queries import LiveQueries
from duolog.application.receipt import Receipt, make_receipt
from duolog.messages.binding import Binding, M, MessageKind, R
from duolog.messages.command import Command
from duolog.messages.metadata import Metadata
from duolog.messages.query import Query, StreamQuery
from duolog.read.after_position import AfterPosition
from duolog.read.position_token import PositionToken
from duolog.write.idempotency import GivenKey, key_of

Item = TypeVar("Item")


class MessageSender:
    """Sends commands and queries, typed by what their handlers return.

    Args:
        dispatcher: runs them.
        live: watches queries.
        log_id: identity of the log, which receipts name.
        after_seconds: how long a query waits for a position if its caller does not say.
    """

    def __init__(
        self, dispatcher: Dispatcher, live: LiveQueries, *, log_id: Callable[[], str], after_seconds: float
    ) -> None:
        self._dispatcher = dispatcher
        self._live = live
        self._log_id = log_id
        self._after_seconds = after_seconds

    async def execute(
        self, command: Command[R], *, metadata: Metadata | None = None, idempotency_key: GivenKey = None
    ) -> R:
        """Execute a command.

        Args:
            command: the command.
            metadata: who sends it and why; None inherits from the message that is being handled here.
            idempotency_key: with one, the command takes effect once however often it is sent: after the first time its
                stored result is returned. 1 to 255 visible ASCII characters; each actor has keys of its own.

        Returns:
            What its interactor returned, once its changes are durable.

        Raises:
            MissingHandlerError: it has no handler.
            InvalidMessageError: its fields do not have their declared types, or the key is not of its form.
            IdempotencyKeyReusedError: the key was used for another command.
            IdempotencyInFlightError: the command with this key is being executed right now.
            ConflictError: it met conflicts as often as ``settings.attempts`` says.
            TimeLimitExceededError: it took too long, and was rolled back.
            Exception: what the interactor raised; everything is rolled back.
        """
        result, _ = await self._dispatcher.execute(command, metadata, key_of(idempotency_key))
        return cast("R", result)

    async def execute_with_receipt(
        self, command: Command[R], *, metadata: Metadata | None = None, idempotency_key: GivenKey = None
    ) -> Receipt[R]:
        """Execute a command, and return positions and versions beside its result; otherwise like `execute`."""
        result, context = await self._dispatcher.execute(command, metadata, key_of(idempotency_key))
        return make_receipt(cast("R", result), context, self._log_id())

    async def execute_bound(
        self,
        binding: Binding[M, R],
        command: M,
        *,
        metadata: Metadata | None = None,
        idempotency_key: GivenKey = None,
    ) -> R:
        """Execute a command that is a plain dataclass, by the binding that ``bind_command`` made."""
        result, _ = await self._dispatcher.run_bound(binding, command, metadata, key_of(idempotency_key))
        return cast("R", result)

    async def execute_bound_with_receipt(
        self,
        binding: Binding[M, R],
        command: M,
        *,
        metadata: Metadata | None = None,
        idempotency_key: GivenKey = None,
    ) -> Receipt[R]:
        """Execute a plain dataclass by its binding, and return positions and versions beside its result."""
        result, context = await self._dispatcher.run_bound(binding, command, metadata, key_of(idempotency_key))
        return make_receipt(cast("R", result), context, self._log_id())

    async def query(
        self,
        query: Query[R],
        *,
        after: int | PositionToken | None = None,
        timeout: float | None = None,  # noqa: ASYNC109 - the limit of the wait for a position, part of the answer
        metadata: Metadata | None = None,
    ) -> R:
        """Answer a query.

        Args:
            query: the query.
            after: wait until the views that it reads have this position (of a receipt, or its token).
            timeout: how long to wait, in seconds; None takes ``settings.after_seconds``.
            metadata: who asks; None inherits from the message that is being handled here.

        Returns:
            What its query service returned.

        Raises:
            AfterTimeoutError: the views did not reach the position in time.
            PositionAheadOfLogError: the log has no such position yet.
            ViewParkedError: a view has parked what the position wrote.
            ForeignTokenError: the token was made by another log.
            MissingHandlerError: it has no handler.
            InvalidMessageError: its fields do not have their declared types.
            TimeLimitExceededError: it took too long.
        """
        result, _ = await self._dispatcher.query(query, metadata, self._after(after, timeout))
        return cast("R", result)

    async def query_bound(
        self,
        binding: Binding[M, R],
        query: M,
        *,
        after: int | PositionToken | None = None,
        timeout: float | None = None,  # noqa: ASYNC109 - the limit of the wait for a position, part of the answer
        metadata: Metadata | None = None,
    ) -> R:
        """Answer a query that is a plain dataclass, by the binding that ``bind_query`` made; like `query`."""
        result, _ = await self._dispatcher.run_bound(binding, query, metadata, self._after(after, timeout))
        return cast("R", result)

    async def answer_bound(
        self,
        binding: Binding[M, R],
        query: M,
        *,
        after: int | PositionToken | None = None,
        timeout: float | None = None,  # noqa: ASYNC109 - the limit of the wait for a position, part of the answer
        metadata: Metadata | None = None,
    ) -> Answer[R]:
        """Answer a query by its binding, and tell which state of its views is answered; otherwise like `query`."""
        result, context = await self._dispatcher.run_bound(binding, query, metadata, self._after(after, timeout))
        return make_answer(cast("R", result), context)

    async def watch(
        self,
        query: Query[R],
        *,
        after: int | PositionToken | None = None,
        timeout: float | None = None,  # noqa: ASYNC109 - the limit of the wait for a position, part of the answer
        metadata: Metadata | None = None,
    ) -> AsyncGenerator[R, None]:
        """Answer a query, and again whenever its answer has become another one.

        It is asked again, through the whole pipeline, when a view has changed that its binding's ``reads`` names, and
        only then; several changes at a time are one. While the loop's body runs nothing is asked, so a slow consumer
        misses states between, never the last one. It ends when the application is closed.

        Leave the loop early only with ``contextlib.aclosing`` around the iterator. Arguments are those of `query`, and
        so are errors, at the beginning or when it is asked again.

        Raises:
            ConfigurationError: its views do not say when they have changed.
            TooManyWatchersError: as many queries are watched as ``settings.watchers`` says.
            Exception: what `query` raises.
        """
        answers = self._watch(self._dispatcher.binding_of(query), query, metadata, self._after(after, timeout))
        try:
            async for answer in answers:
                yield cast("R", answer.result)
        finally:
            await answers.aclose()

    async def watch_bound(
        self,
        binding: Binding[M, R],
        query: M,
        *,
        after: int | PositionToken | None = None,
        timeout: float | None = None,  # noqa: ASYNC109 - the limit of the wait for a position, part of the answer
        metadata: Metadata | None = None,
    ) -> AsyncGenerator[Answer[R], None]:
        """Watch a query by its binding, and tell of each answer which state of its views it is; like `watch`."""
        answers = self._watch(binding, query, metadata, self._after(after, timeout))
        try:
            async for answer in answers:
                yield answer
        finally:
            await answers.aclose()

    def can_watch(self, binding: Binding[Any, Any]) -> bool:
        """Tell whether a query can be watched: all views that it reads say when they have changed."""
        return binding.kind is MessageKind.QUERY and self._live.can_watch(binding)

    def _watch(
        self, binding: Binding[Any, Any], query: object, metadata: Metadata | None, after: AfterPosition | None
    ) -> AsyncGenerator[Answer[Any], None]:
        return self._live.watch(self._dispatcher.run_bound, binding, query, metadata, after)

    async def stream(
        self,
        query: StreamQuery[Item],
        *,
        after: int | PositionToken | None = None,
        timeout: float | None = None,  # noqa: ASYNC109 - the limit of the wait for a position, part of the answer
        metadata: Metadata | None = None,
    ) -> AsyncGenerator[Item, None]:
        """Answer a stream query item by item; its read scope stays open until the iterator is closed.

        Leave the loop early only with ``contextlib.aclosing`` around the iterator, so that the scope closes at once.
        Arguments and errors are those of `query`.
        """
        items = self._dispatcher.relay(query, metadata, self._after(after, timeout))
        try:
            async for item in items:
                yield cast("Item", item)
        finally:
            await items.aclose()

    def _after(self, after: int | PositionToken | None, seconds: float | None) -> AfterPosition | None:
        if after is None:
            return None
        return AfterPosition(after, self._after_seconds if seconds is None else seconds)
