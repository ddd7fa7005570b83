"""Which statements are written anew for many rows at once."""

import pytest

from duolog.adapters.postgres.row_sets import MOST_ROWS, row_set


@pytest.mark.parametrize(
    "sql",
    [
        "INSERT INTO t VALUES (:a, :b)",
        "INSERT INTO t (a) VALUES (:a), (:b)",
        "INSERT INTO t (a) VALUES (:a) RETURNING a",
        "INSERT INTO t (a) VALUES ((SELECT max(a) FROM t))",
        "INSERT INTO t (a, b) VALUES (:a, own_function(:b))",
        'INSERT INTO t (a, b) VALUES (:a, "own"(:b))',
        "INSERT INTO t (a, b) VALUES (:a, DEFAULT)",
        "INSERT INTO t (a, b) VALUES (:a, 'x') ON CONFLICT (a) DO UPDATE SET b = :b",
        "INSERT INTO t (a, b) VALUES (:a, :b) ON CONFLICT (a) DO UPDATE SET b = t.b + :b",
        "INSERT INTO t (a, b) VALUES (:a, :b) ON CONFLICT (lower(a)) DO UPDATE SET b = :b",
        "INSERT INTO t (a, b) VALUES (upper(:a), :b) ON CONFLICT (a) DO UPDATE SET b = :b",
        "INSERT INTO t (a, b) VALUES (:a, :b) ON CONFLICT (a) DO UPDATE SET b = (SELECT max(b) FROM t)",
        "INSERT INTO t (a, b) VALUES (:a, :b) ON CONFLICT ON CONSTRAINT t_pkey DO UPDATE SET b = :b",
        "INSERT INTO t (a) SELECT :a",
        "UPDATE t SET b = :b WHERE a = :a",
        "INSERT INTO t (a) VALUES (1)",
    ],
)
def test_a_statement_that_may_do_something_else_for_many_rows_is_left_alone(sql: str) -> None:
    """What sees other rows, or cannot be understood, runs once for each row."""
    assert row_set(sql) is None


@pytest.mark.parametrize(
    ("sql", "tail"),
    [
        ("INSERT INTO t (a, b) VALUES (:a, :b)", ""),
        ("insert into s.t as x (a, b) values (:a, now()) on conflict do nothing;", "on conflict do nothing"),
        ("INSERT INTO t (a, b) VALUES (:a, CAST(:b AS TEXT)) ON CONFLICT (a) DO NOTHING", "ON CONFLICT (a) DO NOTHING"),
        (
            "INSERT INTO t (a, b) VALUES (:a, :b) ON CONFLICT (a) DO UPDATE SET b = :b WHERE t.b < excluded.b",
            "ON CONFLICT (a) DO UPDATE SET b = excluded.b WHERE t.b < excluded.b",
        ),
    ],
)
def test_an_insert_that_depends_on_its_row_alone_takes_many(sql: str, tail: str) -> None:
    """The rows come from arrays, in order, and a conflict is resolved as before."""
    found = row_set(sql)
    assert found is not None
    text = found.text(["text"] * len(found.names))
    assert "unnest(string_to_array($1," in text
    assert text.endswith(f"ORDER BY v.n {tail}")


def test_rows_of_one_key_go_into_runs_of_their_own() -> None:
    """One statement may not update a row twice; short runs are not worth it, long ones are divided."""
    found = row_set("INSERT INTO t (a, b) VALUES (:a, :b) ON CONFLICT (a) DO UPDATE SET b = :b")
    assert found is not None
    keys = ["a", "b", "c", "d", "e", "a", "f", "g", "h", "i"]
    assert found.runs([keys, keys]) == [range(5), range(5, 10)]
    assert found.runs([["a"] * 10, keys]) is None
    many = [str(number) for number in range(MOST_ROWS + 10)]
    assert found.runs([many, many]) == [range(MOST_ROWS), range(MOST_ROWS, MOST_ROWS + 10)]
