from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pytest

from duolog.codec.event_codec import EventCodec
from duolog.codec.event_types import EventTypes
from duolog.codec.tags import Tagger
from duolog.errors import UndecodableEventError, UnnamedTypeError
from duolog.messages.event import JsonObject, Upcast, event, stored_names
from tests.unit.codec.samples import recorded_data


def split(payload: JsonObject) -> Sequence[Upcast]:
    parts = [Upcast("person.named", 1, {"name": payload["name"]})]
    if payload.get("email"):
        parts.append(Upcast("person.reachable", 2, {"email": payload["email"]}))
    return parts


@event("person.created", version=2, upcasts={1: split})
@dataclass(frozen=True, slots=True)
class PersonCreated:
    """Retired: nobody raises it any more."""


def renamed(payload: JsonObject) -> JsonObject:
    return {"first": payload["name"].split()[0], "rest": payload["name"].split()[1:]}


@event("person.named", version=2, upcasts={1: renamed}, upcast_from=(PersonCreated,))
@dataclass(frozen=True, slots=True)
class PersonNamed:
    first: str
    rest: list[str]


@event("person.reachable", version=2, upcasts={1: lambda _: None}, upcast_from=(PersonCreated,))
@dataclass(frozen=True, slots=True)
class PersonReachable:
    email: str


def codec(*types: type) -> EventCodec:
    return EventCodec(EventTypes(types), Tagger(b"a secret for tests"))


def decoded(name: str, version: int, data: bytes, *types: type) -> Sequence[object]:
    return codec(*(types or (PersonNamed, PersonReachable))).decode_all(
        recorded_data(name, data, schema_version=version)
    )


def test_an_old_event_becomes_several_of_other_types_in_order_each_upcast_further() -> None:
    assert decoded("person.created", 1, b'{"name":"Ada K Byron","email":"a@b.c"}') == (
        PersonNamed("Ada", ["K", "Byron"]),
        PersonReachable("a@b.c"),
    )
    assert decoded("person.created", 1, b'{"name":"Ada"}') == (PersonNamed("Ada", []),)


def test_an_upcast_to_nothing_drops_the_event() -> None:
    assert decoded("person.reachable", 1, b'{"fax":"1"}') == ()


def test_an_upcast_may_return_several_of_its_own_next_version_and_each_goes_on() -> None:
    @event(
        "amounts.moved",
        version=4,
        upcasts={
            1: lambda payload: [{"amount": each} for each in payload["amounts"]],
            2: lambda payload: [] if payload["amount"] == 0 else [payload, payload],
            3: lambda payload: {"cents": payload["amount"] * 100},
        },
    )
    @dataclass(frozen=True, slots=True)
    class AmountsMoved:
        cents: int

    assert decoded("amounts.moved", 1, b'{"amounts":[1,0,2]}', AmountsMoved) == (
        *(AmountsMoved(100), AmountsMoved(100)),
        *(AmountsMoved(200), AmountsMoved(200)),
    )


def test_registering_a_class_registers_those_that_it_is_upcast_from() -> None:
    types = EventTypes((PersonNamed,))
    assert types.names() == ("person.created", "person.named")
    assert stored_names(PersonNamed) == ("person.named", "person.created")


def test_a_source_without_a_name_is_refused() -> None:
    with pytest.raises(UnnamedTypeError, match="int is stored, but has no name"):
        event("person.counted", upcast_from=(int,))


def _circle(payload: JsonObject) -> Any:
    return [Upcast("person.circled", 1, payload)] * 2


@event("person.circled", version=2, upcasts={1: _circle})
@dataclass(frozen=True, slots=True)
class PersonCircled:
    pass


def _text(_: JsonObject) -> Any:
    return ["text"]


@event("person.misled", version=3, upcasts={1: _text, 2: lambda _: [Upcast("person.named", 2, {})]})
@dataclass(frozen=True, slots=True)
class PersonMisled:
    pass


@pytest.mark.parametrize(
    ("name", "version", "types", "reason"),
    [
        ("person.created", 1, (PersonCreated,), "'person.named', for which no class is registered"),
        ("person.circled", 1, (PersonCircled,), "come to no end at 'person.circled' version 1"),
        ("person.misled", 1, (PersonMisled,), "the upcast of 'person.misled' version 1 made no JSON object"),
        ("person.misled", 2, (PersonMisled, PersonNamed), "whose class does not declare it in upcast_from"),
    ],
)
def test_a_wrong_upcast_makes_the_event_undecodable_and_says_why(
    name: str, version: int, types: tuple[type, ...], reason: str
) -> None:
    with pytest.raises(UndecodableEventError) as caught:
        decoded(name, version, b'{"name":"Ada"}', *types)
    assert reason in caught.value.reason
    assert "Ada" not in str(caught.value)
    assert (caught.value.type, caught.value.schema_version) == (name, version)
