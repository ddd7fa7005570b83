"""A small domain for these tests: counters that commands move, whose interactors can be told what to do."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Annotated

import msgspec
from dishka import Provider, Scope, provide

from duolog import (
    Aggregate,
    Application,
    Command,
    EventSourcedRepository,
    Metadata,
    TransactionManager,
    UnitOfWork,
    event,
)


@event("counter.moved")
@dataclass(frozen=True, slots=True)
class Moved:
    by: int


class Counter(Aggregate[str]):
    category = "counter"

    def __init__(self, id: str) -> None:  # noqa: A002 - as the base has it
        super().__init__(id)
        self.total = 0

    def move(self, by: int) -> None:
        self.raise_event(Moved(by))

    def on_moved(self, event: Moved) -> None:
        self.total += event.by


@dataclass(frozen=True, slots=True)
class Move(Command[int]):
    counter: Annotated[str, msgspec.Meta(min_length=1, max_length=20)]
    by: int = 1


async def nothing(_: "MoveInteractor") -> None:
    """Be the step between loading and saving that does nothing."""


Step = Callable[["MoveInteractor"], Awaitable[None]]


@dataclass
class Script:
    """What interactors do between loading and saving, and what they saw.

    Attributes:
        step: awaited by every interactor after it has loaded.
        metadata: of every attempt, in order.
        built: how many interactors were built.
    """

    step: Step = nothing
    metadata: list[Metadata] = field(default_factory=list[Metadata])
    built: int = 0


class MoveInteractor:
    def __init__(self, unit: UnitOfWork, tx: TransactionManager, metadata: Metadata, script: Script) -> None:
        self.counters = EventSourcedRepository(Counter, unit)
        self.unit = unit
        self._tx = tx
        self._script = script
        script.built += 1
        script.metadata.append(metadata)

    async def execute(self, cmd: Move) -> int:
        counter = await self.counters.find(cmd.counter) or Counter(cmd.counter)
        await self._script.step(self)
        counter.move(cmd.by)
        await self.counters.save(counter)
        await self._tx.commit()
        return counter.total


class CounterProvider(Provider):
    scope = Scope.APP

    def __init__(self, script: Script | None = None) -> None:
        super().__init__()
        self._script = script or Script()

    @provide
    def script(self) -> Script:
        return self._script


MOVE = Move.handled_by(MoveInteractor)


class ApplicationProvider(Provider):
    """Provides the application itself, for handlers that send messages."""

    scope = Scope.APP

    def __init__(self, find: Callable[[], Application]) -> None:
        super().__init__()
        self._find = find

    @provide
    def application(self) -> Application:
        return self._find()
