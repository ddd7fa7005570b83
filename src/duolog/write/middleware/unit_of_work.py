"""Middleware `unit_of_work`: one unit of work for each attempt of a command, committed after ``execute``."""

from collections.abc import Callable
from contextlib import nullcontext
from typing import Any

from duolog.dispatch.context import MessageContext
from duolog.dispatch.middleware.time_limit import TimeLimit
from duolog.dispatch.pipeline import Call
from duolog.eventstore.appends import Appended
from duolog.messages.binding import Binding, MessageKind
from duolog.messages.metadata import Metadata
from duolog.write.middleware.idempotency import KeyClaim
from duolog.write.unit_of_work import UnitOfWork


class UnitOfWorkMiddleware:
    """Opens a unit of work, and commits it when the handler has returned; any error or cancellation rolls it back.

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
            unit = open_unit(context.metadata)
            context.put(UnitOfWork, unit)
            try:
                result = await proceed(context)
                claim = context.find(KeyClaim)
                if claim is not None:
                    unit.idempotency = claim.record(result)
                limit = context.find(TimeLimit)
                with limit.suspended() if limit is not None else nullcontext():
                    await unit.finish()
            except BaseException:
                await unit.rollback()
                raise
            finally:
                context.drop(UnitOfWork)
            context.put(Appended, unit.outcome)
            return result

        return call
