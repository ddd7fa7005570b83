"""Two commands have one fingerprint if they say the same, whichever release asks."""

from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import msgspec
import pytest

from duolog.errors import PayloadError
from duolog.write.fingerprints import Fingerprints

FINGERPRINTS = Fingerprints(b"a secret of the tests")


@dataclass(frozen=True)
class OldPlace:
    street: str


@dataclass(frozen=True)
class Place:
    street: str
    floor: int = 0
    doors: tuple[str, ...] = ()


class Mark(msgspec.Struct, frozen=True, tag=True, rename="camel"):
    made_by: str = "us"


class OtherMark(msgspec.Struct, frozen=True, tag=True):
    text: str = ""


@dataclass(frozen=True)
class Old:
    places: tuple[OldPlace, ...]
    by_name: dict[str, OldPlace]


@dataclass(frozen=True)
class New:
    places: tuple[Place, ...]
    by_name: dict[str, Place]
    tags: frozenset[str] = frozenset()
    lists: list[int] = field(default_factory=list[int])
    mark: Mark | OtherMark | None = None
    some: frozenset[Place] = frozenset()


def of(command: object) -> bytes:
    return FINGERPRINTS.of("command", command)


NEW = New((Place("a"),), {"b": Place("b")})


def test_fields_that_have_their_default_do_not_count() -> None:
    """At any depth, so that a release may add them."""
    assert of(NEW) == of(Old((OldPlace("a"),), {"b": OldPlace("b")}))


@pytest.mark.parametrize(
    "other",
    [
        New((Place("a", 1),), {"b": Place("b")}),
        New((Place("a"),), {"c": Place("b")}),
        New((Place("a"),), {"b": Place("b", doors=("x",))}),
        New((Place("a"),), {"b": Place("b")}, tags=frozenset("x")),
        New((Place("a"),), {"b": Place("b")}, lists=[0]),
        New((Place("a"),), {"b": Place("b")}, mark=Mark()),
        New((Place("a"),), {"b": Place("b")}, mark=OtherMark()),
        New((Place("a"),), {"b": Place("b")}, some=frozenset({Place("a")})),
        New((Place("a"),), {"b": Place("b")}, some=frozenset({Place("b")})),
        New((Place("a", False),), {"b": Place("b")}),  # noqa: FBT003 - equal to 0, and something else
    ],
)
def test_every_other_value_counts(other: New) -> None:
    """Each is another command than the first, and than all the others."""
    assert of(other) != of(NEW)
    assert of(New(other.places, {**other.by_name, "z": Place("z")})) != of(other)


def test_sets_have_no_order() -> None:
    """Also sets of objects."""
    places = [Place(str(number)) for number in range(20)]
    assert of(New((), {}, some=frozenset(places))) == of(New((), {}, some=frozenset(reversed(places))))


def test_kinds_of_a_union_are_told_apart() -> None:
    """Although both have nothing but defaults."""
    assert of(New((), {}, mark=Mark())) != of(New((), {}, mark=OtherMark()))


def test_what_cannot_be_encoded_is_refused() -> None:
    """A value of an unknown type, or one without an end."""
    endless: list[Any] = []
    endless.append(endless)
    values: list[Any] = [object(), endless]
    for value in values:
        with pytest.raises(PayloadError, match="takes no idempotency key"):
            of(New((), {"x": value}))


def test_a_value_that_is_made_anew_counts() -> None:
    """Its default is another one every time."""

    @dataclass(frozen=True)
    class Fresh:
        id: object = field(default_factory=uuid4)

    assert of(Fresh()) != of(Fresh())
