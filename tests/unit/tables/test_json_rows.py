from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import Enum
from typing import Annotated, Any, TypedDict
from uuid import UUID

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from duolog.adapters._sql.values import stored_value
from duolog.errors import StatementError
from duolog.tables.json_rows import json_rows
from duolog.tables.rows import decode_rows


class Role(Enum):
    USER = "user"


@dataclass(frozen=True, slots=True)
class KindsDTO:
    id: UUID
    text: str
    whole: int
    real: float
    yes: bool
    at: datetime
    day: date
    price: Decimal
    raw: bytes
    later: datetime | None
    maybe: bool | None


class PairDTO(TypedDict):
    left: str
    right: int


class PointDTO(msgspec.Struct, frozen=True, rename="camel"):
    first_axis: float


class TaggedDTO(msgspec.Struct, frozen=True, tag=True):
    text: str


@dataclass(frozen=True, slots=True)
class RoleDTO:
    role: Role


@dataclass(frozen=True, slots=True)
class ShortDTO:
    text: Annotated[str, msgspec.Meta(max_length=3)]


@dataclass(frozen=True, slots=True)
class DocumentDTO:
    tags: list[str]
    note: str


@dataclass(frozen=True, slots=True)
class DefaultDTO:
    text: str
    more: str = "more"


@dataclass(frozen=True, slots=True)
class ComputedDTO:
    text: str
    length: int = field(init=False, default=0)


AWARE = st.datetimes(min_value=datetime(1, 1, 3), max_value=datetime(9999, 12, 29), timezones=st.just(UTC))  # noqa: DTZ001 - bounds
FLOATS = st.floats(allow_nan=False)
KINDS = st.builds(
    KindsDTO,
    id=st.uuids(),
    text=st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00")),
    whole=st.integers(-(2**63), 2**63 - 1),
    real=FLOATS,
    yes=st.booleans(),
    at=AWARE,
    day=st.dates(),
    price=st.decimals(allow_nan=False, allow_infinity=False),
    raw=st.binary(),
    later=st.none() | AWARE,
    maybe=st.none() | st.booleans(),
)


def encoded(columns: Sequence[str], rows: list[tuple[Any, ...]], like: type) -> bytes | None:
    ready = json_rows(columns, rows, like)
    return None if ready is None else msgspec.json.encode(ready)


@given(st.lists(KINDS, max_size=4), st.permutations([*KindsDTO.__dataclass_fields__]))
def test_rows_of_any_values_are_the_text_of_their_objects(items: list[KindsDTO], columns: list[str]) -> None:
    """As a driver gives them, and as SQLite stores them; in the DTO's order, whatever that of the columns is."""
    text = msgspec.json.encode(items)
    rows = [tuple(getattr(item, name) for name in columns) for item in items]
    assert encoded(columns, rows, KindsDTO) == text
    stored = [tuple(stored_value(name, getattr(item, name)) for name in columns) for item in items]
    assert encoded(columns, stored, KindsDTO) == msgspec.json.encode(decode_rows(columns, stored, KindsDTO)) == text


def test_typed_dicts_and_structs_are_written_by_their_own_names() -> None:
    assert encoded(["right", "left"], [(1, "a")], PairDTO) == b'[{"left":"a","right":1}]'
    assert encoded(["firstAxis"], [(1,)], PointDTO) == b'[{"firstAxis":1.0}]'


@pytest.mark.parametrize(
    ("columns", "row", "like"),
    [
        (["role"], ("user",), RoleDTO),
        (["text"], ("abc",), ShortDTO),
        (["text"], ("abc",), TaggedDTO),
        (["text"], ("abc",), DefaultDTO),
        (["text"], ("abc",), ComputedDTO),
        (["text", "more", "other"], ("a", "b", "c"), DefaultDTO),
        (["tags", "note"], ('["a"]', "[1]"), DocumentDTO),
        (["left", "right"], ("a", 1.5), PairDTO),
        (["left", "right"], ("a", True), PairDTO),
        (["left", "right"], ("a", None), PairDTO),
    ],
)
def test_what_the_types_do_not_tell_is_left_to_objects(columns: list[str], row: tuple[Any, ...], like: type) -> None:
    assert json_rows(columns, [row], like) is None


def test_values_that_are_none_of_their_type_are_left_to_objects_which_refuse_them() -> None:
    columns = [*KindsDTO.__dataclass_fields__]
    fine: dict[str, Any] = {
        "id": str(UUID(int=1)), "text": "x", "whole": 1, "real": 1, "yes": 1, "at": "2026-01-01T00:00:00+00:00",
        "day": "2026-01-01", "price": "1.5", "raw": b"", "later": None, "maybe": None,
    }  # fmt: skip
    assert json_rows(columns, [tuple(fine.values())], KindsDTO) is not None
    for name, wrong in (("id", "x"), ("yes", 2), ("at", "yesterday"), ("day", "2026-13-01"), ("price", "much")):
        row = tuple({**fine, name: wrong}.values())
        assert json_rows(columns, [row], KindsDTO) is None
        with pytest.raises(StatementError, match=name):
            decode_rows(columns, [row], KindsDTO)


def test_a_document_is_read_from_its_text_and_a_text_stays_one() -> None:
    assert decode_rows(["tags", "note"], [('["a"]', "[1]")], DocumentDTO) == [DocumentDTO(["a"], "[1]")]
    with pytest.raises(StatementError, match="one of tags is not JSON"):
        decode_rows(["tags", "note"], [("[", "")], DocumentDTO)
