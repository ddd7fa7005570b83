import sqlite3
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from duolog.errors import ConfigurationError, InvalidSortOrderError, UnknownFieldError
from duolog.read.sorting import SortableFields, SortOrder, nullable

FIELDS = SortableFields(
    {"created_at": "created_at", "email": "u.email", "seen": nullable("seen_at"), "id": "id"}, tie_break="id"
)


@pytest.mark.parametrize(
    ("sort_by", "order", "sql"),
    [
        ("created_at", SortOrder.ASC, "created_at ASC, id ASC"),
        ("created_at", SortOrder.DESC, "created_at DESC, id DESC"),
        ("email", SortOrder.ASC, "u.email ASC, id ASC"),
        ("seen", SortOrder.ASC, "seen_at ASC NULLS LAST, id ASC"),
        ("seen", SortOrder.DESC, "seen_at DESC NULLS FIRST, id DESC"),
        ("id", SortOrder.DESC, "id DESC"),
    ],
)
def test_the_tie_break_always_comes_last_in_the_same_direction(sort_by: str, order: SortOrder, sql: str) -> None:
    assert FIELDS.order_by(sort_by, order) == sql


def test_an_unknown_name_is_refused_with_the_allowed_ones() -> None:
    with pytest.raises(UnknownFieldError, match="cannot sort by 'password_hash'; allowed: created_at, email, seen, id"):
        FIELDS.order_by("password_hash")


@given(st.text() | st.sampled_from(["id; DROP TABLE users", "id--", "u.email", "created_at ASC", "CREATED_AT", " id"]))
def test_any_other_text_is_refused(name: str) -> None:
    if name not in FIELDS.names:
        with pytest.raises(UnknownFieldError):
            FIELDS.order_by(name)


@pytest.mark.parametrize("column", ["", "id; --", "a b", "1a", "a.b.c", "é", '"id"', "id\n", "x" * 64, "count(*)"])
def test_a_column_that_is_no_identifier_is_refused_when_it_is_declared(column: str) -> None:
    with pytest.raises(ConfigurationError):
        SortableFields({"name": column}, tie_break="id")
    with pytest.raises(ConfigurationError):
        SortableFields({"name": "name"}, tie_break=column)


@pytest.mark.parametrize("order", ["asc", "ASC", "desc", "banana", "", None, True, 1])
def test_an_order_that_is_no_sort_order_is_refused_whatever_it_says(order: Any) -> None:
    with pytest.raises(InvalidSortOrderError, match=r"must be SortOrder\.ASC or SortOrder\.DESC") as refused:
        FIELDS.order_by("email", order)
    assert isinstance(refused.value, ValueError)
    assert "SortOrder('asc')" in refused.value.hint


def test_the_terms_are_sql_that_sqlite_takes() -> None:
    connection = sqlite3.connect(":memory:")
    connection.execute("CREATE TABLE u (id, created_at, email, seen_at)")
    for name in FIELDS.names:
        for order in SortOrder:
            connection.execute(f"SELECT id FROM u ORDER BY {FIELDS.order_by(name, order)}")  # noqa: S608 - allow-listed
    connection.close()
