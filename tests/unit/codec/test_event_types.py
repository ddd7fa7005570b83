from dataclasses import dataclass

import pytest

from duolog.codec.event_types import EventTypes
from duolog.errors import UnnamedTypeError
from duolog.messages.event import event
from tests.unit.codec import samples


def happened(name: str) -> type:
    @event(name)
    @dataclass(frozen=True, slots=True)
    class Happened:
        pass

    return Happened


def test_a_class_is_found_by_its_stored_name() -> None:
    cls = happened("a.happened")
    types = EventTypes([cls])
    spec = types.by_name("a.happened")
    assert spec is not None
    assert spec.cls is cls
    assert types.by_name("b.happened") is None


def test_registering_again_changes_nothing() -> None:
    cls = happened("a.happened")
    types = EventTypes([cls, cls])
    assert types.add(cls) is types.by_name("a.happened")
    assert types.names() == ("a.happened",)


def test_two_classes_of_one_name_are_refused_by_their_names() -> None:
    types = EventTypes([happened("a.happened")])
    with pytest.raises(UnnamedTypeError, match=r"Happened and .*Happened are both stored as 'a\.happened'"):
        types.add(happened("a.happened"))


def test_a_class_without_a_name_is_refused() -> None:
    with pytest.raises(UnnamedTypeError, match="has no name"):
        EventTypes([int])


def test_a_subclass_does_not_inherit_a_name() -> None:
    base = happened("a.happened")
    with pytest.raises(UnnamedTypeError, match="outermost"):
        EventTypes([type("Later", (base,), {})])


def test_a_module_brings_all_its_events() -> None:
    assert EventTypes([samples]).names() == ("thing.happened",)


def test_names_are_sorted() -> None:
    assert EventTypes([happened("b.x"), happened("a.x")]).names() == ("a.x", "b.x")
