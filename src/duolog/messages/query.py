"""Queries: questions that change nothing."""

from collections.abc import AsyncIterator, Callable, Collection, Sequence
from typing import Generic, Self, cast

from duolog.errors import ConfigurationError
from duolog.messages.binding import Binding, Executes, Item_co, M, MessageKind, R, R_co, ReadModel, Streams


class Query(Generic[R_co]):
    """Base of a query: an immutable question, answered with ``R`` (a DTO, a page, an optional DTO)."""

    __slots__ = ()

    @classmethod
    def handled_by(
        cls, handler: Callable[..., Executes[Self, R_co]], *, reads: Sequence[type[ReadModel]] = ()
    ) -> Binding[Self, R_co]:
        """Bind the query service that answers this query.

        Args:
            handler: a class with ``async def execute(self, query: ThisQuery) -> R``.
            reads: the projections whose views it reads, for ``after=``; none means tables, and no wait.

        Returns:
            The binding, for ``Application(handlers=[...])``.
        """
        return Binding(cls, handler, MessageKind.QUERY, _models(reads))


class StreamQuery(Generic[Item_co]):
    """Base of a query whose answer is a stream of items, read while its read scope stays open."""

    __slots__ = ()

    @classmethod
    def handled_by(
        cls, handler: Callable[..., Streams[Self, Item_co]], *, reads: Sequence[type[ReadModel]] = ()
    ) -> Binding[Self, AsyncIterator[Item_co]]:
        """Bind the query service that streams the answer.

        Args:
            handler: a class with ``def execute(self, query: ThisQuery) -> AsyncIterator[Item]``.
            reads: the projections whose views it reads, for ``after=``.

        Returns:
            The binding, for ``Application(handlers=[...])``.
        """
        return Binding(cls, handler, MessageKind.STREAM, _models(reads))


def bind_query(
    message: type[M], handler: Callable[..., Executes[M, R]], *, reads: Sequence[type[ReadModel]] = ()
) -> Binding[M, R]:
    """Bind a query service to a query that is a plain dataclass.

    Args:
        message: the query's class; it needs no base.
        handler: a class with ``async def execute(self, query: message) -> R``.
        reads: the projections whose views it reads, for ``after=``.

    Returns:
        The binding; ``await app.query_bound(binding, query)`` returns ``R``.
    """
    return Binding(message, handler, MessageKind.QUERY, _models(reads))


def _models(reads: object) -> tuple[type[ReadModel], ...]:
    """Return what ``reads`` names; a class alone is no sequence."""
    if isinstance(reads, Collection):
        return tuple(cast("Collection[type[ReadModel]]", reads))
    name = reads.__name__ if isinstance(reads, type) else "SomeProjection"
    message = f"reads is no list of projections, but {reads!r}"
    raise ConfigurationError(message, hint=f"Write reads=[{name}].")
