from dataclasses import dataclass
from typing import Any, Optional, Union

import pytest

from duolog.errors import ConfigurationError, UnnamedTypeError
from duolog.messages.envelope import RecordedEvent
from duolog.messages.event import event
from duolog.messages.event_handlers import EventHandler, event_handlers


@event("a.happened")
@dataclass(frozen=True, slots=True)
class A:
    pass


@event("b.happened")
@dataclass(frozen=True, slots=True)
class B:
    pass


@event("c.happened")
@dataclass(frozen=True, slots=True)
class C:
    pass


class Unnamed:
    pass


class Handles:
    async def on_a(self, event: A) -> None: ...

    async def on_b_or_c(self, event: "B | C", recorded: RecordedEvent) -> None: ...

    async def another(self, event: A) -> None: ...


def test_methods_are_found_by_their_annotation() -> None:
    with_recorded = EventHandler("on_b_or_c", takes_recorded=True)
    assert event_handlers(Handles) == {
        A: EventHandler("on_a", takes_recorded=False),
        B: with_recorded,
        C: with_recorded,
    }


def test_a_subclass_inherits_and_overrides() -> None:
    class HandlesMore(Handles):
        async def on_a(self, event: A | C) -> None: ...

        async def on_b_or_c(self, event: B, recorded: RecordedEvent) -> None: ...  # type: ignore[override] # pyright: ignore[reportIncompatibleMethodOverride] - dispatch is by annotation

    found = event_handlers(HandlesMore)
    assert {found[A].method, found[C].method} == {"on_a"}
    assert found[B].method == "on_b_or_c"


def test_both_spellings_of_a_union_are_read() -> None:
    class WithUnion:
        async def on_any(self, event: Union[A, B]) -> None: ...  # noqa: UP007 - the spelling that is tested

    assert set(event_handlers(WithUnion)) == {A, B}


def missing() -> type:
    class Missing:
        async def on_a(self, event) -> None: ...  # type: ignore[no-untyped-def] # noqa: ANN001 - what is refused

    return Missing


def unresolved() -> type:
    class Unresolved:
        async def on_a(self, event: "NotThere") -> None: ...  # type: ignore[name-defined] # pyright: ignore[reportUndefinedVariable] # noqa: F821

    return Unresolved


def untyped() -> type:
    class Untyped:
        async def on_a(self, event: list[A]) -> None: ...

    return Untyped


def without_event() -> type:
    class WithoutEvent:
        async def on_a(self) -> None: ...

    return WithoutEvent


def too_many() -> type:
    class TooMany:
        async def on_a(self, event: A, recorded: RecordedEvent, more: int) -> None: ...

    return TooMany


def keyword_only() -> type:
    class KeywordOnly:
        async def on_a(self, event: A, *, recorded: RecordedEvent) -> None: ...

    return KeywordOnly


def twice() -> type:
    class Twice:
        async def on_a(self, event: A) -> None: ...

        async def on_a_too(self, event: A | B) -> None: ...

    return Twice


@pytest.mark.parametrize("make", [missing, unresolved, untyped, without_event, too_many, keyword_only, twice])
def test_a_method_that_cannot_be_understood_is_named(make: Any) -> None:
    with pytest.raises(ConfigurationError, match=r"\.on_a") as caught:
        event_handlers(make())
    assert caught.value.hint


def test_a_type_that_is_no_event_is_refused() -> None:
    class WithUnnamed:
        async def on_unnamed(self, event: Unnamed) -> None: ...

    class WithNone:
        async def on_maybe(self, event: Optional[A]) -> None: ...  # noqa: UP045 - the spelling that is tested

    class WithAnything:
        async def on_any(self, event: Any) -> None: ...

    for cls in (WithUnnamed, WithNone, WithAnything):
        with pytest.raises(UnnamedTypeError):
            event_handlers(cls)
