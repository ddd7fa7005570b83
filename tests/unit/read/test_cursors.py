from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from enum import Enum
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from duolog.codec.signer import Signer
from duolog.errors import InvalidCursorError, StatementError, UnstorableValueError
from duolog.read.cursors import Cursor, Cursors, Direction, KeyValue, query_fingerprint
from duolog.read.sorting import SortOrder

SECRET = b"a secret for tests"
CURSORS = Cursors.with_secret(SECRET)
FINGERPRINT = query_fingerprint("items", sort_by="name", order=SortOrder.ASC, filters={})

VALUES = (
    st.none()
    | st.text()
    | st.integers()
    | st.booleans()
    | st.binary()
    | st.floats(allow_nan=False)
    | st.datetimes(timezones=st.sampled_from([UTC, timezone(timedelta(hours=5, minutes=45))]))
    | st.dates()
    | st.uuids()
    | st.decimals(allow_nan=False)
)


@given(value=VALUES, tie_break=VALUES, direction=st.sampled_from(Direction), inclusive=st.booleans())
def test_every_kind_of_key_comes_back_as_it_was(
    *, value: KeyValue, tie_break: KeyValue, direction: Direction, inclusive: bool
) -> None:
    cursor = Cursor(FINGERPRINT, direction, value, tie_break, inclusive)
    read = CURSORS.read(CURSORS.write(cursor), fingerprint=FINGERPRINT)
    assert read == cursor
    assert (type(read.value), type(read.tie_break)) == (type(value), type(tie_break))


def test_an_enum_is_a_key_by_its_value() -> None:
    class Role(Enum):
        ADMIN = "admin"

    written = CURSORS.write(Cursor(FINGERPRINT, Direction.FORWARD, Role.ADMIN, 1))  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    assert CURSORS.read(written, fingerprint=FINGERPRINT).value == "admin"


def test_a_value_that_no_database_compares_is_refused() -> None:
    with pytest.raises(StatementError, match="of type list"):
        CURSORS.write(Cursor(FINGERPRINT, Direction.FORWARD, [], 1))  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]


def test_a_key_too_long_for_a_url_is_refused_when_it_is_written_not_when_it_comes_back() -> None:
    with pytest.raises(StatementError, match="Sort by a shorter column"):
        CURSORS.write(Cursor(FINGERPRINT, Direction.FORWARD, "x" * 3_001, 1))
    longest = Cursor(FINGERPRINT, Direction.FORWARD, "x" * 2_900, 1)
    assert CURSORS.read(CURSORS.write(longest), fingerprint=FINGERPRINT) == longest


def test_a_text_signed_for_another_purpose_is_no_cursor() -> None:
    token = Signer(SECRET, "bearer").sign(b"payload")
    with pytest.raises(InvalidCursorError):
        CURSORS.read(token, fingerprint=FINGERPRINT)


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b"\x90",
        b"\xff" * 40,
        b"\x95\xc4\x00\xa1f\x92\xa3foo\xa0\x92\xa3foo\xa0\xc2",
        b"\x95\xc4\x00\xa1f\x92\xa7decimal\xa1x\x92\xa4null\xa0\xc2",
    ],
)
def test_a_signed_text_of_another_form_is_no_cursor(payload: bytes) -> None:
    text = Signer(SECRET, "cursor").sign(payload)
    with pytest.raises(InvalidCursorError):
        CURSORS.read(text, fingerprint=FINGERPRINT)


def test_the_fingerprint_ignores_the_order_of_filters_and_those_that_filter_nothing() -> None:
    def of(**filters: object) -> bytes:
        return query_fingerprint("items", sort_by="name", order=SortOrder.ASC, filters=filters)

    assert of(a=1, b="x") == of(b="x", a=1, c=None)
    assert of() == FINGERPRINT


def test_a_filter_that_no_database_holds_has_no_fingerprint() -> None:
    with pytest.raises(UnstorableValueError, match="lone surrogate"):
        query_fingerprint("items", sort_by="name", order=SortOrder.ASC, filters={"name": "\ud800"})


def test_different_queries_have_different_fingerprints() -> None:
    def of(filters: dict[str, object]) -> bytes:
        return query_fingerprint("items", sort_by="name", order=SortOrder.ASC, filters=filters)

    ten = datetime(2026, 1, 1, 10, tzinfo=UTC)
    different: list[dict[str, object]] = [
        {},
        {"a": 1},
        {"a": True},
        {"a": "1"},
        {"b": 1},
        {"a": ten},
        {"a": date(2026, 1, 1)},
        {"a": UUID(int=1)},
        {"a": Decimal("1.0")},
    ]
    assert len({of(filters) for filters in different}) == len(different)


def test_a_cursors_repr_shows_no_key() -> None:
    assert "secret" not in repr(Cursor(FINGERPRINT, Direction.FORWARD, "secret", "secret"))
