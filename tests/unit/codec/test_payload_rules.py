import math
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import Enum
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from duolog.codec.payload_rules import MAX_DEPTH, check_size, check_text
from duolog.errors import PayloadError, UnnamedTypeError
from duolog.messages.event import event
from tests.unit.codec.samples import AnythingHappened, new_codec, recorded

NOT_FINITE = [math.nan, math.inf, -math.inf]


@dataclass(frozen=True, slots=True)
class Measure:
    value: float


class Mood(Enum):
    GOOD = "good"


@event("thing.measured")
@dataclass(frozen=True, slots=True)
class ThingMeasured:
    count: int | None
    measure: Measure
    by_name: dict[str, float]
    mood: Mood = Mood.GOOD
    at: datetime = datetime(2026, 1, 1, tzinfo=UTC)


class Weighed(msgspec.Struct, frozen=True):
    weight: float | None


event("thing.weighed")(Weighed)


@event("thing.sold")
@dataclass(frozen=True, slots=True)
class ThingSold:
    """Of plain fields only, for which the codec skips what decoding refuses anyway."""

    name: str
    count: int
    at: datetime


def measured(**changed: Any) -> ThingMeasured:
    fields: dict[str, Any] = {"count": 1, "measure": Measure(1.5), "by_name": {"a": 0.5}}
    return ThingMeasured(**fields | changed)


def nested(depth: int) -> list[Any]:
    inner: list[Any] = []
    for _ in range(depth - 1):
        inner = [inner]
    return inner


@pytest.mark.parametrize("number", NOT_FINITE)
@pytest.mark.parametrize(
    "wrap", [lambda x: x, lambda x: [x], lambda x: {"a": x}, lambda x: (1, {"b": [x]}), lambda x: {x: 1}, Measure]
)
def test_a_number_that_json_does_not_have_is_refused_wherever_it_hides(number: float, wrap: Any) -> None:
    with pytest.raises(PayloadError, match=r"thing\.happened.*JSON cannot represent"):
        new_codec().encode(AnythingHappened(wrap(number)))


@pytest.mark.parametrize("number", NOT_FINITE)
def test_a_number_that_json_does_not_have_is_refused_in_every_field(number: float) -> None:
    codec = new_codec()
    for fields in ({"measure": Measure(number)}, {"by_name": {"a": 1.0, "b": number}}, {"count": number}):
        with pytest.raises(PayloadError):
            codec.encode(measured(**fields))
    with pytest.raises(PayloadError):
        codec.encode(Weighed(number))


@pytest.mark.parametrize(
    "content", [*NOT_FINITE, None, 1, True, [], ["a"], nested(500), nested(100_000), {math.nan: 1}, "\x00"]
)
def test_the_rules_hold_in_a_class_of_plain_fields(content: Any) -> None:
    with pytest.raises(PayloadError, match=r"thing\.sold"):
        new_codec().encode(ThingSold(content, 1, datetime(2026, 1, 1, tzinfo=UTC)))


def test_none_is_no_such_number() -> None:
    codec = new_codec()
    for happened in (
        AnythingHappened(None),
        AnythingHappened([None, {"null": "inf", "inf": "nan"}]),
        measured(count=None),
    ):
        assert codec.decode_all(recorded(codec.encode(happened))) == (happened,)


def test_nesting_is_limited_exactly() -> None:
    codec = new_codec()
    deepest = nested(MAX_DEPTH - 1)  # the event itself is a level
    assert codec.decode_all(recorded(codec.encode(AnythingHappened(deepest)))) == (AnythingHappened(deepest),)
    for depth in (MAX_DEPTH, 500, 100_000):
        with pytest.raises(PayloadError):
            codec.encode(AnythingHappened(nested(depth)))


def test_many_short_lists_are_not_deep() -> None:
    happened = AnythingHappened([[number] for number in range(1_000)])
    codec = new_codec()
    assert codec.decode_all(recorded(codec.encode(happened))) == (happened,)


@pytest.mark.parametrize("content", ["a\x00b", "\x00", "\\\x00", {"a\x00": 1}, ["\\\\\x00"]])
def test_the_nul_character_is_refused(content: object) -> None:
    with pytest.raises(PayloadError, match="NUL"):
        new_codec().encode(AnythingHappened(content))


@pytest.mark.parametrize("content", ["\\u0000", "\\\\u0000", "a\\u0000b", {"\\u0000": "\\\\\\u0000"}, b"\x00"])
def test_text_that_only_looks_like_nul_is_kept(content: object) -> None:
    codec = new_codec()
    assert codec.encode(AnythingHappened(content)).data.isascii()
    if not isinstance(content, bytes):
        assert codec.decode_all(recorded(codec.encode(AnythingHappened(content)))) == (AnythingHappened(content),)


@given(st.text(alphabet="\\u0\x00", max_size=12))
def test_nul_is_told_from_what_looks_like_it(text: str) -> None:
    data = msgspec.json.encode(text)
    if "\x00" in text:
        with pytest.raises(PayloadError):
            check_text(data)
    else:
        check_text(data)


@pytest.mark.parametrize("content", ["\ud800", {"\udfff": 1}, ["ok", "a\ud800b"]])
def test_a_lone_surrogate_is_refused(content: object) -> None:
    with pytest.raises(PayloadError):
        new_codec().encode(AnythingHappened(content))


def test_size_is_limited_exactly() -> None:
    check_size(b"x" * 10, limit=10)
    with pytest.raises(PayloadError, match="11 bytes; 10"):
        check_size(b"x" * 11, limit=10)
    with pytest.raises(PayloadError, match=r"thing\.happened"):
        new_codec(max_bytes=100).encode(AnythingHappened("x" * 100))


@pytest.mark.parametrize("number", [2**63, 2**64, -(2**63) - 1, 10**40])
def test_a_number_of_more_than_64_bits_comes_back(number: int) -> None:
    codec = new_codec()
    assert codec.decode_all(recorded(codec.encode(AnythingHappened(number)))) == (AnythingHappened(number),)


@pytest.mark.parametrize(
    "fields", [{"count": "1"}, {"measure": 1.5}, {"by_name": {"a": "b"}}, {"mood": "good!"}, {"at": "today"}]
)
def test_a_field_of_another_type_is_refused_without_its_value(fields: dict[str, Any]) -> None:
    with pytest.raises(PayloadError, match=rf"\$\.{next(iter(fields))}") as caught:
        new_codec().encode(measured(**fields))
    assert "good!" not in str(caught.value)


def test_an_object_that_json_does_not_have_is_refused() -> None:
    with pytest.raises(PayloadError, match=r"thing\.happened"):
        new_codec().encode(AnythingHappened(object()))


def test_an_object_without_a_name_is_refused() -> None:
    with pytest.raises(UnnamedTypeError):
        new_codec().encode(Measure(1.0))
