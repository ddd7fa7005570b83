import pytest

from duolog.errors import ConstraintViolationError, StatementError
from duolog.tables.statements import Constraint, Statement, check_parameters, parameter_names


@pytest.mark.parametrize(
    ("sql", "names"),
    [
        ("SELECT 1", set[str]()),
        ("SELECT :a, :b, :a", {"a", "b"}),
        ("SELECT (:a)+:_b2,:C", {"a", "_b2", "C"}),
        ("SELECT ':a' || :b", {"b"}),
        ("SELECT 'it''s :a' || :b || ''", {"b"}),
        ('SELECT ":a", "x"":b" FROM t WHERE c = :c', {"c"}),
        ("SELECT :a -- :b\n, :c", {"a", "c"}),
        ("SELECT :a -- it's :b", {"a"}),
        ("SELECT :a /* :b \n ':c */ , :d", {"a", "d"}),
        ("SELECT '/* ' || :a || ' */'", {"a"}),
        ("SELECT '--' || :a", {"a"}),
        ("SELECT :a::text, x::uuid, ':b'::text", {"a"}),
        ("SELECT data->>'a:b' FROM t WHERE x=:x", {"x"}),
        ("SELECT t[1:2], t[:a]", {"a"}),
        ("SELECT 12:30", set[str]()),
        ("SELECT :é", set[str]()),
        ("SELECT ''':a'''", set[str]()),
    ],
)
def test_parameters_are_found_where_they_are_and_nowhere_else(sql: str, names: set[str]) -> None:
    assert parameter_names(sql) == names


def test_fitting_parameters_pass() -> None:
    check_parameters("SELECT :a, :b", {"a": 1, "b": None})
    check_parameters("SELECT 1", {})


def test_missing_and_unknown_parameters_are_listed_without_values() -> None:
    with pytest.raises(StatementError, match="missing: a, c; unknown: x") as caught:
        check_parameters("SELECT :c, :a, :b", {"b": "secret", "x": "secret"})
    assert "secret" not in str(caught.value)
    assert ":b" in caught.value.hint


def test_a_long_statement_is_shown_in_part() -> None:
    with pytest.raises(StatementError) as caught:
        check_parameters("SELECT :a, " + "x" * 100_000, {})
    assert len(str(caught.value)) < 500


def test_a_constraint_is_known_by_name_or_by_table_and_columns() -> None:
    constraint = Constraint("users", ("tenant", "email"), "users_email")
    assert constraint.is_broken_by(ConstraintViolationError("x", constraint="users_email"))
    assert constraint.is_broken_by(ConstraintViolationError("x", table="users", columns=("tenant", "email")))
    assert not constraint.is_broken_by(ConstraintViolationError("x", table="users", columns=("email",)))
    assert not constraint.is_broken_by(ConstraintViolationError("x", table="other", columns=("tenant", "email")))
    assert not Constraint("users", ("id",)).is_broken_by(ConstraintViolationError("x"))


def test_a_violation_becomes_the_declared_error_or_stays() -> None:
    violation = ConstraintViolationError("x", table="users", columns=("email",))
    declared = Statement("...", errors={Constraint("users", ("email",)): lambda: ValueError("taken")})
    assert isinstance(declared.domain_error(violation), ValueError)
    undeclared = Statement("...", errors={Constraint("users", ("id",)): lambda: ValueError("taken")})
    assert undeclared.domain_error(violation) is violation


def test_a_statement_does_not_show_its_values() -> None:
    assert "secret" not in repr(Statement("SELECT :a", {"a": "secret"}))
