"""Handing events over to the methods of a projection."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Final, cast

from duolog.messages.envelope import RecordedEvent
from duolog.messages.recorded import Recorded
from duolog.projections.projection import Projection

OnBatch = Callable[[Sequence[Recorded[Any]]], Awaitable[None]]
_Method = Callable[..., Awaitable[None]]


class Handling:
    """Calls the methods of one instance of a projection; events that it has no method for are passed over.

    Args:
        projection: the instance.
    """

    __slots__ = ("_methods", "on_batch")

    def __init__(self, projection: Projection) -> None:
        handlers: Final = projection.handlers()
        self._methods: dict[type, tuple[_Method, bool]] = {
            cls: (getattr(projection, handler.method), handler.takes_recorded) for cls, handler in handlers.items()
        }
        self.on_batch: OnBatch | None = None
        if projection.takes_batches():
            self.on_batch = cast("OnBatch", next(iter(self._methods.values()))[0])

    def wanted(self, parts: Sequence[object], recorded: RecordedEvent) -> list[Recorded[object]]:
        """Return those of a recorded event's parts that there is a method for; an upcast may make others."""
        return [Recorded(part, recorded) for part in parts if type(part) in self._methods]

    async def each(self, parts: Sequence[object], recorded: RecordedEvent) -> None:
        """Hand one recorded event over."""
        if self.on_batch is not None:
            wanted = self.wanted(parts, recorded)
            if wanted:
                await self.on_batch(wanted)
            return
        methods = self._methods
        for part in parts:
            found = methods.get(type(part))
            if found is not None:
                method, takes_recorded = found
                await (method(part, recorded) if takes_recorded else method(part))
