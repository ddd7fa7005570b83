"""SQL statements with ``:name`` parameters, as they are staged for a transaction."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Final

from duolog.errors import ConstraintViolationError, StaleRowError, StatementError
from duolog.tables.sql_tokens import Kind, sql_tokens

Parameters = Mapping[str, Any]

_TABLE: Final = re.compile(r"\b(?:INTO|UPDATE|FROM)\s+(?:OR\s+\w+\s+|ONLY\s+)?[\"`\[]?(\w+)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Constraint:
    """A constraint of the application's tables, named so that every database's report can be matched.

    Attributes:
        table: the table's name.
        columns: the constrained columns, in the order of the constraint.
        name: the constraint's name, where the DDL gives one.
    """

    table: str
    columns: tuple[str, ...]
    name: str = ""

    def is_broken_by(self, violation: ConstraintViolationError) -> bool:
        """Tell whether ``violation`` is about this constraint."""
        if self.name and violation.constraint == self.name:
            return True
        return (violation.table, violation.columns) == (self.table, self.columns)


DomainErrors = Mapping[Constraint, Callable[[], Exception]]


@dataclass(frozen=True, slots=True)
class Statement:
    """One writing statement.

    Attributes:
        sql: SQL with ``:name`` parameters.
        parameters: a value for each name; never shown in errors.
        rows: how many rows it must change; another number is a conflict. None for any number.
        key: what a conflict is fought over.
        errors: the domain error for each constraint that it may break.
    """

    sql: str
    parameters: Parameters = field(default_factory=dict[str, Any], repr=False)
    rows: int | None = None
    key: str = ""
    errors: DomainErrors = field(default_factory=dict[Constraint, Callable[[], Exception]], repr=False)

    def domain_error(self, violation: ConstraintViolationError) -> Exception:
        """Return the domain error for a violation, or the violation itself if none is declared."""
        for constraint, make in self.errors.items():
            if constraint.is_broken_by(violation):
                return make()
        return violation

    def check_rows(self, changed: int) -> None:
        """Refuse another number of changed rows than it has to change.

        Raises:
            StaleRowError: the row was changed by somebody else meanwhile; it names the key, else the table.
        """
        if self.rows is not None and changed != self.rows:
            table = _TABLE.search(self.sql)
            raise StaleRowError(key=self.key or (table[1] if table else ""), expected=self.rows, actual=changed)


@lru_cache(maxsize=1_024)
def parameter_names(sql: str) -> frozenset[str]:
    """Return the names of the ``:name`` parameters of a statement."""
    return frozenset(text[1:] for kind, text in sql_tokens(sql) if kind is Kind.PARAMETER)


def check_parameters(sql: str, parameters: Parameters) -> None:
    """Refuse missing and unknown parameters.

    Raises:
        StatementError: names are missing or unknown; it lists them, never their values.
    """
    wanted = parameter_names(sql)
    if len(wanted) == len(parameters) and wanted.issuperset(parameters):
        return
    missing, unknown = sorted(wanted - parameters.keys()), sorted(parameters.keys() - wanted)
    if missing or unknown:
        message = f"parameters missing: {', '.join(missing) or 'none'}; unknown: {', '.join(unknown) or 'none'}"
        raise StatementError(message, hint=f"The statement is: {' '.join(sql.split())[:200]}")
