import csv
import io
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import TypedDict
from uuid import UUID

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from duolog.errors import ConfigurationError
from duolog.read.csv_text import CsvText

FORMULAS = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")


@dataclass(frozen=True, slots=True)
class NoteDTO:
    text: str
    more: str | None = None


class PairDTO(TypedDict):
    left: str
    right: int


class PointDTO(msgspec.Struct, frozen=True, rename="camel"):
    first_axis: float
    tags: list[str]


@dataclass(frozen=True, slots=True)
class KindsDTO:
    id: UUID
    at: datetime
    price: Decimal
    count: int
    is_open: bool
    raw: bytes


def read(text: str) -> list[list[str]]:
    return list(csv.reader(io.StringIO(text, newline=""), strict=True))


@given(st.text(), st.none() | st.text())
def test_any_text_is_read_back_from_its_line(text: str, more: str | None) -> None:
    """One line an item, whatever stands in it; an apostrophe is all that may have been added."""
    ((first, second),) = read(CsvText(NoteDTO).line(NoteDTO(text, more)))
    for given_one, got in ((text, first), (more or "", second)):
        assert got in {given_one, f"'{given_one}"}


@given(st.sampled_from(FORMULAS), st.sampled_from(["", " ", "  "]), st.text())
def test_what_begins_like_a_formula_is_none_for_a_spreadsheet(sign: str, blanks: str, rest: str) -> None:
    """Also behind blanks, which some spreadsheets skip."""
    ((first, _),) = read(CsvText(NoteDTO).line(NoteDTO(f"{blanks}{sign}{rest}")))
    if blanks and sign in "\t\r\n":
        return
    assert first == f"'{blanks}{sign}{rest}"


def test_lines_end_as_the_standard_says_and_quotes_are_doubled() -> None:
    csv_text = CsvText(NoteDTO)
    assert csv_text.header() == "text,more\r\n"
    assert csv_text.line(NoteDTO('a "b", c', "plain")) == '"a ""b"", c",plain\r\n'
    assert csv_text.line(NoteDTO("")) == ",\r\n"


def test_numbers_are_no_formulas_and_values_are_as_in_json() -> None:
    at = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    line = CsvText(KindsDTO).line(KindsDTO(UUID(int=7), at, Decimal("-1.50"), -3, is_open=False, raw=b"\xfb"))
    assert line == "00000000-0000-0000-0000-000000000007,2026-01-02T03:04:05Z,-1.50,-3,false,'+w==\r\n"


def test_typed_dicts_and_structs_have_their_own_columns() -> None:
    assert CsvText(PairDTO).line(PairDTO(left="a", right=-1)) == "a,-1\r\n"
    points = CsvText(PointDTO)
    assert points.header() == "firstAxis,tags\r\n"
    assert points.line(PointDTO(-0.5, ["a", "b"])) == '-0.5,"[""a"",""b""]"\r\n'


def test_items_without_fields_have_no_columns() -> None:
    with pytest.raises(ConfigurationError, match="no fields"):
        CsvText(int)
