from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from enum import Enum
from typing import NewType
from uuid import UUID

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from duolog.codec.event_codec import encode_metadata
from duolog.errors import UndecodableEventError
from duolog.ids import uuid7
from duolog.messages.envelope import EMPTY_METADATA, stored_metadata
from duolog.messages.event import JsonObject, event
from duolog.messages.metadata import Actor, Metadata
from duolog.messages.tag import Tag
from tests.unit.codec.samples import AnythingHappened, new_codec, recorded, recorded_data

UserId = NewType("UserId", UUID)


class Role(Enum):
    USER = "user"
    ADMIN = "admin"


@dataclass(frozen=True, slots=True)
class Address:
    street: str
    number: int | None = None


@event("user.registered")
@dataclass(frozen=True, slots=True)
class UserRegistered:
    user_id: UserId
    name: str
    role: Role
    at: datetime
    born: date
    waited: timedelta
    balance: Decimal
    score: float
    raw: bytes
    active: bool
    count: int
    addresses: tuple[Address, ...] = ()
    by_year: dict[int, str] = field(default_factory=dict[int, str])
    nickname: str | None = None


texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=20)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | texts,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
    max_leaves=20,
)
registrations = st.builds(
    UserRegistered,
    user_id=st.uuids().map(UserId),
    name=texts,
    role=st.sampled_from(Role),
    at=st.datetimes(timezones=st.just(UTC)),
    born=st.dates(),
    waited=st.timedeltas(min_value=timedelta(days=-1_000), max_value=timedelta(days=1_000)),
    balance=st.decimals(allow_nan=False, allow_infinity=False),
    score=st.floats(allow_nan=False, allow_infinity=False),
    raw=st.binary(max_size=20),
    active=st.booleans(),
    count=st.integers(),
    addresses=st.lists(st.builds(Address, texts, st.none() | st.integers()), max_size=3).map(tuple),
    by_year=st.dictionaries(st.integers(), texts, max_size=3),
    nickname=st.none() | texts,
)


@given(registrations)
def test_what_was_encoded_is_decoded_as_it_was(registered: UserRegistered) -> None:
    codec = new_codec()
    assert codec.decode_all(recorded(codec.encode(registered))) == (registered,)


@given(json_values)
def test_any_json_content_is_decoded_as_it_was(content: object) -> None:
    codec = new_codec()
    assert codec.decode_all(recorded(codec.encode(AnythingHappened(content)))) == (AnythingHappened(content),)


def test_an_event_is_encoded_under_its_stable_name() -> None:
    new = new_codec().encode(AnythingHappened(1), metadata=b'{"a":1}')
    assert (new.type, new.schema_version, new.data, new.tags, new.metadata) == (
        "thing.happened",
        1,
        b'{"content":1}',
        (),
        b'{"a":1}',
    )
    assert new.event_id.version == 7


def test_a_given_event_id_is_kept() -> None:
    event_id = uuid7()
    assert new_codec().encode(AnythingHappened(1), event_id=event_id).event_id == event_id


def test_tags_are_stored_sorted_and_once() -> None:
    @event(
        "user.tagged", tags=lambda e: [Tag("role", e.role), Tag("email", e.email, personal=True), Tag("role", "user")]
    )
    @dataclass(frozen=True, slots=True)
    class UserTagged:
        email: str
        role: str = "user"

    codec = new_codec()
    tags = codec.encode(UserTagged("a@b.c")).tags
    assert tags == (codec.tagger.stored(Tag("email", "a@b.c", personal=True)), "role:user")


def split_name(payload: JsonObject) -> JsonObject:
    first, _, last = payload.pop("name").partition(" ")
    return payload | {"first": first, "last": last}


def add_years(payload: JsonObject) -> JsonObject:
    return payload | {"years": {"2026": str(payload["big"])}}


@event("user.named", version=3, upcasts={1: split_name, 2: add_years})
@dataclass(frozen=True, slots=True)
class UserNamed:
    first: str
    last: str
    big: int
    years: dict[int, str]
    user_id: UUID


USER_ID = "01890a5d-ac96-774b-bcce-b302099a8057"


@pytest.mark.parametrize(
    ("version", "data"),
    [
        (1, f'{{"name":"Ada Lovelace","big":{10**30},"user_id":"{USER_ID}"}}'),
        (2, f'{{"first":"Ada","last":"Lovelace","big":{10**30},"user_id":"{USER_ID}"}}'),
        (3, f'{{"first":"Ada","last":"Lovelace","big":{10**30},"years":{{"2026":"{10**30}"}},"user_id":"{USER_ID}"}}'),
    ],
)
def test_every_older_version_is_upcast_step_by_step(version: int, data: str) -> None:
    stored = recorded_data("user.named", data.encode(), schema_version=version)
    named = UserNamed("Ada", "Lovelace", 10**30, {2026: str(10**30)}, UUID(USER_ID))
    assert new_codec(UserNamed).decode_all(stored) == (named,)


@pytest.mark.parametrize(
    ("type_name", "version", "data", "reason"),
    [
        ("user.unknown", 1, b"{}", "no class is registered"),
        ("user.named", 4, b"{}", "versions up to 3"),
        ("user.named", 0, b"{}", "KeyError"),
        ("user.named", 1, b'{"surname":"x"}', "KeyError: 'name'"),
        ("user.named", 3, b'{"first":"Ada"}', "missing required field"),
        ("user.named", 3, b'{"first":', "DecodeError"),
        ("user.named", 1, b'{"first":', "DecodeError"),
        ("user.named", 2, b'["a"]', "TypeError"),
    ],
)
def test_an_undecodable_event_is_reported_with_its_place_and_reason(
    type_name: str, version: int, data: bytes, reason: str
) -> None:
    with pytest.raises(UndecodableEventError) as caught:
        new_codec(UserNamed).decode_all(recorded_data(type_name, data, schema_version=version))
    error = caught.value
    assert (error.position, error.type, error.schema_version) == (7, type_name, version)
    assert reason in error.reason
    assert error.hint


def test_an_undecodable_value_is_not_shown() -> None:
    @event("user.promoted")
    @dataclass(frozen=True, slots=True)
    class UserPromoted:
        role: Role

    with pytest.raises(UndecodableEventError, match=r"\$\.role") as caught:
        new_codec(UserPromoted).decode_all(recorded_data("user.promoted", b'{"role":"secret"}'))
    assert "secret" not in str(caught.value)
    assert caught.value.__suppress_context__


def test_a_field_that_was_added_later_takes_its_default() -> None:
    decoded = new_codec(UserNamed, AnythingHappened).decode_all(
        recorded_data("thing.happened", b'{"content":1,"gone":true}')
    )
    assert decoded == (AnythingHappened(1),)


def test_only_what_is_declared_of_metadata_is_stored() -> None:
    metadata = Metadata(actor=Actor("user-1", frozenset({"admin"})), tenant="acme", traceparent="00-1-2-01")
    data = encode_metadata(metadata)
    stored = stored_metadata(msgspec.structs.replace(recorded_data("a", b"{}"), metadata=data))
    assert (stored.correlation_id, stored.causation_id) == (metadata.correlation_id, metadata.message_id)
    assert (stored.actor, stored.traceparent) == ("user-1", "00-1-2-01")
    assert b"admin" not in data
    assert encode_metadata(None) == EMPTY_METADATA


@event("user.nicknamed")
@dataclass(frozen=True, slots=True)
class UserNicknamed:
    name: str
    nickname: str = ""


def test_a_field_that_another_release_does_not_know_keeps_nobody_from_reading() -> None:
    """An older event gets the default, and an older reader ignores what is new."""
    codec = new_codec(UserNicknamed)
    older, newer = b'{"name":"Ann"}', b'{"name":"Ann","nickname":"A","born":1990}'
    assert list(codec.decode_all(recorded_data("user.nicknamed", older))) == [UserNicknamed("Ann")]
    assert list(codec.decode_all(recorded_data("user.nicknamed", newer))) == [UserNicknamed("Ann", "A")]
