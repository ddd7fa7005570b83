import sqlite3
from collections.abc import Mapping
from contextlib import closing

import pytest
from hypothesis import given
from hypothesis import strategies as st

from duolog.errors import ConfigurationError, InvalidMessageError, UnknownFieldError
from duolog.read.filtering import FilterableFields, at_least, at_most, equals, prefix

FIELDS = FilterableFields(
    {"role": equals("role"), "email": prefix("email"), "from": at_least("age"), "to": at_most("age")}
)
PEOPLE = [("admin", "a%b@x.y", 20), ("user", "a_b@x.y", 30), ("user", "A%B@x.y", 40), ("user", "a\\b@x.y", 50)]


def found(filters: Mapping[str, object], people: list[tuple[str, str, int]] = PEOPLE) -> list[str]:
    where, parameters = FIELDS.where(filters)
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.execute("CREATE TABLE people (role TEXT, email TEXT, age INTEGER)")
        connection.executemany("INSERT INTO people VALUES (?, ?, ?)", people)
        sql = f"SELECT email FROM people WHERE {where} ORDER BY age"  # noqa: S608 - allow-listed
        return [email for (email,) in connection.execute(sql, parameters)]


def test_none_filters_nothing() -> None:
    assert FIELDS.where({"role": None, "email": None}) == ("TRUE", {})
    assert len(found({"role": None})) == len(PEOPLE)


@pytest.mark.parametrize(
    ("filters", "emails"),
    [
        ({"role": "admin"}, ["a%b@x.y"]),
        ({"from": 30, "to": 40}, ["a_b@x.y", "A%B@x.y"]),
        ({"role": "user", "from": 45}, ["a\\b@x.y"]),
        ({"role": ""}, []),
        ({"email": ""}, [email for _, email, _ in PEOPLE]),
    ],
)
def test_each_filter_narrows_the_list(filters: Mapping[str, object], emails: list[str]) -> None:
    assert found(filters) == emails


@pytest.mark.parametrize(
    ("begin", "emails"),
    [("a%", ["a%b@x.y"]), ("a_", ["a_b@x.y"]), ("a\\", ["a\\b@x.y"]), ("A", ["A%B@x.y"]), ("%", []), ("_", [])],
)
def test_a_prefix_is_taken_literally_and_tells_case_apart(begin: str, emails: list[str]) -> None:
    assert found({"email": begin}) == emails


TEXTS = st.text(st.characters(codec="utf-8", exclude_characters="\x00"), max_size=6) | st.text("aA%_\\", max_size=6)


@given(TEXTS, st.lists(TEXTS, max_size=8))
def test_a_prefix_finds_what_begins_with_it_and_nothing_else(begin: str, texts: list[str]) -> None:
    people = [("user", text, age) for age, text in enumerate(texts)]
    assert found({"email": begin}, people) == [text for text in texts if text.startswith(begin)]


@given(st.text())
def test_values_are_bound_and_never_become_sql(value: str) -> None:
    where, parameters = FIELDS.where({"role": value})
    assert where == "role = :filter_role"
    assert parameters == {"filter_role": value}


@given(st.text() | st.sampled_from(["role = role OR 1", "password_hash", "ROLE", "role "]))
def test_any_other_name_is_refused_with_the_allowed_ones(name: str) -> None:
    if name not in FIELDS.names:
        with pytest.raises(UnknownFieldError, match=r"cannot filter by .* allowed: role, email, from, to") as refused:
            FIELDS.where({name: "x"})
        assert refused.value.allowed == FIELDS.names


def test_an_unknown_name_is_refused_even_without_a_value() -> None:
    with pytest.raises(UnknownFieldError):
        FIELDS.where({"password_hash": None})


def test_a_prefix_that_is_no_text_is_refused() -> None:
    with pytest.raises(InvalidMessageError):
        FIELDS.where({"email": 1})


@pytest.mark.parametrize("name", ["a b", "1", "", "a:b"])
def test_a_name_that_cannot_be_a_parameter_or_column_is_refused_when_it_is_declared(name: str) -> None:
    with pytest.raises(ConfigurationError):
        FilterableFields({name: equals("role")})
    with pytest.raises(ConfigurationError):
        equals(name)
