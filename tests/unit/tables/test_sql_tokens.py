"""What is a parameter in SQL, and what only looks like one."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from duolog.tables.sql_tokens import Kind, sql_tokens

PIECES = st.sampled_from(
    [
        ":a",
        "::",
        ":",
        "'",
        "''",
        '"',
        "E'",
        "\\",
        "$$",
        "$x$",
        "/*",
        "*/",
        "--",
        "\n",
        " ",
        "[",
        "]",
        "(",
        ")",
        ";",
        "a1",
    ]
)


def parameters(sql: str) -> list[str]:
    return [text for kind, text in sql_tokens(sql) if kind is Kind.PARAMETER]


@given(st.lists(PIECES | st.text(max_size=3)).map("".join))
def test_tokens_joined_are_the_sql_again(sql: str) -> None:
    assert "".join(text for _, text in sql_tokens(sql)) == sql


@pytest.mark.parametrize(
    ("sql", "names"),
    [
        (r"SELECT E'it\':a', e'\\', :b", [":b"]),
        (r"SELECT 'back\', :b", [":b"]),
        ("SELECT $$ :a ' $$, $tag$ :b $$ :c $tag$, :d", [":d"]),
        ("SELECT price$x, $1, :a, cost$:b$", [":a", ":b"]),
        ("SELECT 1 /* :a /* :b */ :c */ + :d", [":d"]),
        ("SELECT a[1:2], a[i:j], a[:low:high], ARRAY[:x, :y], f(a[b(i):n])", [":low", ":x", ":y"]),
        ("SELECT a[CASE WHEN b THEN :x END]", [":x"]),
        ("SELECT :a::text, (:b)::uuid[], x::text", [":a", ":b"]),
        ("SELECT fn(a := 1, b => :b)", [":b"]),
        ("SELECT U&'d!0061t:a' UESCAPE '!', N':b', B'1', :c", [":c"]),
        ("SELECT 'open :a", [":a"]),
        ("SELECT 1 /* open :a", []),
        ("SELECT :a:b", [":a", ":b"]),
    ],
)
def test_parameters_are_found_as_postgresql_reads_sql(sql: str, names: list[str]) -> None:
    assert parameters(sql) == names
