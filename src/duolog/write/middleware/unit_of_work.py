"""Middleware `unit_of_work`: one unit of work for each attempt of a command, committed after ``execute``."""

from collections.abc import Callable
from typing import Any

import msgspec

from duolog.dispatch.context import MessageContext
from duolog.dispatch.middleware.time_limit import TimeLimit
from duolog.dispatch.pipeline import Call
from duolog.eventstore.appends import Appended
from duolog.messages.binding import Binding, MessageKind
from duolog.messages.metadata import Metadata
from duolog.write.middleware.idempotency import KeyClaim
from duolog.write.unit_of_work import UnitOfWork


class UnitScope(msgspec.Struct, eq=False):  # made for every command, and a struct is made fastest
    """The note that carries a command's unit of work, which is opened when something asks for it.

    Args:
        open_unit: makes the unit of work for a message's metadata.
        context: of the command.
        opened: the unit of work, once something has asked for it.
    """

    open_unit: Callable[[Metadata | None], UnitOfWork]
    context: MessageContext
    opened: UnitOfWork | None = None

    @property
    def unit(self) -> UnitOfWork:
        """Gathers what the command changes."""
        if self.opened is None:
            self.opened = self.open_unit(self.context.metadata)
        return self.opened


class UnitOfWorkMiddleware:
    """Commits a command's unit of work when its handler has returned; any error or cancellation rolls it back.

    A command that asks for none, and that has no idempotency key, has nothing to commit.

    Args:
        open_unit: makes the unit of work for a message's metadata.
    """

    name = "unit_of_work"

    def __init__(self, open_unit: Callable[[Metadata | None], UnitOfWork]) -> None:
        self._open_unit = open_unit

    def build(self, binding: Binding[Any, Any], proceed: Call) -> Call:
        """Wrap the rest of the pipeline; only commands have a unit of work."""
        if binding.kind is not MessageKind.COMMAND:
            return proceed
        open_unit = self._open_unit

        async def call(context: MessageContext) -> object:
            scope = UnitScope(open_unit, context)
            context.put(UnitScope, scope)
            try:
                result = await proceed(context)
                claim = context.find(KeyClaim)
                if claim is not None:
                    scope.unit.idempotency = claim.record(result)
                if scope.opened is not None:
                    await _finish(scope.opened, context)
            except BaseException:
                if scope.opened is not None:
                    await scope.opened.rollback()
                raise
            finally:
                context.drop(UnitScope)
            return result

        return call


async def _finish(unit: UnitOfWork, context: MessageContext) -> None:
    limit = context.find(TimeLimit)
    if limit is not None:
        limit.suspend()
    try:
        await unit.finish()
    except BaseException:
        if limit is not None:
            limit.resume()
        raise
    context.put(Appended, unit.outcome)
