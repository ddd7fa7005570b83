"""Results of commands survive being stored, or are refused before."""

from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import Enum
from typing import Any, NewType
from uuid import UUID, uuid4

import msgspec
import pytest

from duolog.codec.result_codec import ResultCodec
from duolog.errors import ConfigurationError, PayloadError, UnreadableAnswerError

ThingId = NewType("ThingId", UUID)


class Colour(Enum):
    RED = "red"


@dataclass(frozen=True, slots=True)
class Found:
    id: ThingId
    amounts: tuple[Decimal, ...]
    day: date | None = None


class Made(msgspec.Struct, frozen=True):
    at: datetime
    colour: Colour


class Custom:
    pass


@pytest.mark.parametrize(
    ("kind", "result"),
    [
        (None, None),
        (type(None), None),
        (ThingId, uuid4()),
        (ThingId | None, None),
        (str, "ä\x00"),
        (int, 2**62),
        (bool, True),
        (bytes, b"\xff\x00"),
        (Decimal, Decimal("1.10")),
        (Colour, Colour.RED),
        (Found, Found(ThingId(uuid4()), (Decimal("1.0"),), date(2024, 2, 29))),
        (Made, Made(datetime(2024, 2, 29, 12, 0, 0, 123456, UTC), Colour.RED)),
        (list[Found], [Found(ThingId(uuid4()), ())]),
        (dict[str, int], {"b": 1, "a": 2}),
    ],
)
def test_a_result_comes_back_as_it_was(kind: Any, result: object) -> None:
    """With its type, not as text or a dict."""
    codec = ResultCodec("Do", kind)
    decoded = codec.decode(codec.encode(result))
    assert decoded == result
    assert type(decoded) is type(result)


@pytest.mark.parametrize("kind", [Custom, Any, object, Found | Made, list[Custom]])
def test_types_that_could_not_be_told_from_others_are_refused(kind: Any) -> None:
    """At once, not when the first result comes."""
    with pytest.raises(ConfigurationError, match="the result of Do cannot be stored") as raised:
        ResultCodec("Do", kind)
    assert "declare" in raised.value.hint


@pytest.mark.parametrize(
    ("kind", "result"),
    [(int, "secret"), (float, float("nan")), (str, "\ud800"), (Found, Custom()), (str, "x" * 2_000_000)],
)
def test_a_result_that_is_not_what_was_declared_is_refused(kind: Any, result: object) -> None:
    """It would not come back; its value is not shown."""
    with pytest.raises(PayloadError) as raised:
        ResultCodec("Do", kind).encode(result)
    assert "secret" not in str(raised.value)


def test_a_stored_result_of_another_release_that_does_not_fit_is_an_error() -> None:
    """The command took effect; that its answer cannot be repeated is said."""
    with pytest.raises(UnreadableAnswerError, match="does not fit its declared type any more"):
        ResultCodec("Do", int).decode(b'"text"')
