import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pytest

from duolog.admin.call_arguments import classes_passed_to
from duolog.messages.event import event


@event("call.first")
@dataclass(frozen=True, slots=True)
class First:
    number: int = 0

    @classmethod
    def of(cls, number: int) -> "First":
        return cls(number)


@event("call.second", stream="calls-{number}")
@dataclass(frozen=True, slots=True)
class Second:
    number: int = 0


@dataclass(frozen=True, slots=True)
class Unnamed:
    number: int = 0


class Caller:
    def __init__(self, unit: Any, tx: Any) -> None:
        self.unit = unit
        self.tx = tx


class InTheCall(Caller):
    def execute(self) -> None:
        self.unit.stage("call-1", [First(), Second()], dataclasses.field())


class ByKeyword(Caller):
    def execute(self) -> None:
        self.unit.stage(stream="call-1", events=(First(),))


class ByAName(Caller):
    def execute(self) -> None:
        happened: list[object] = [First()]
        happened.append(Second())
        self.unit.stage("call-1", happened)


class ByACopy(Caller):
    def execute(self) -> None:
        happened: list[object] = [First(number) for number in range(3)]
        happened += (First.of(1) if number else Second() for number in range(2))
        self.unit.stage("call-1", list(happened))


class ByALoop(Caller):
    def execute(self) -> None:
        for each in (First(), Second()):
            self.unit.stage("call-1", [each])


class ByAnAnnotation(Caller):
    def execute(self, first: First, others: "Sequence[Any]", some: Sequence[Second]) -> None:
        self.unit.stage("call-1", (first, *others, *some))


class ByAClassMethod(Caller):
    def execute(self) -> None:
        self.unit.stage("call-1", [First.of(1)])


class OfAnotherFunction(Caller):
    def other(self) -> object:
        happened = [Second()]
        return len(happened)

    def execute(self) -> None:
        happened = [First()]
        happened = happened or happened
        self.unit.stage("call-1", happened)


class WithoutAName(Caller):
    def execute(self) -> None:
        self.unit.stage("call-1", [Unnamed()])


class NotTold(Caller):
    def execute(self, happened: Sequence[object]) -> None:
        self.unit.stage("call-1", happened)
        self.unit.stage("call-1")


@pytest.mark.parametrize(
    ("cls", "expected"),
    [
        (InTheCall, {First, Second}),
        (ByKeyword, {First}),
        (ByAName, {First, Second}),
        (ByACopy, {First, Second}),
        (ByALoop, {First, Second}),
        (ByAnAnnotation, {First, Second}),
        (ByAClassMethod, {First}),
        (OfAnotherFunction, {First}),
        (WithoutAName, {Unnamed}),
        (NotTold, set[type]()),
    ],
)
def test_staged_events_are_found_in_the_forms_that_code_has(cls: type, expected: set[type]) -> None:
    assert set(classes_passed_to("stage", cls)) == expected


class Publisher(Caller):
    async def execute(self) -> None:
        happened = Second()
        await self.tx.commit()
        await self.unit.publish(happened)
        await self.unit.publish("call-1", First())


def test_published_events_are_found_by_a_name_and_beside_a_stream() -> None:
    assert set(classes_passed_to("publish", Publisher)) == {First, Second}


class Other(Caller):
    async def execute(self) -> None:
        await self.tx.publish("topic", Unnamed())
        await self.tx.save("1", Unnamed())
        await self.unit.save("1", [Second()])


def test_what_is_no_event_counts_only_where_duologs_ports_would_take_it() -> None:
    assert classes_passed_to("publish", Other) == ()
    assert classes_passed_to("save", Other) == (Second,)
