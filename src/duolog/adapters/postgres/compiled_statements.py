"""Statements of the application as the server takes them: ``:name`` becomes ``$n``."""

from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from duolog.adapters.postgres.sql_scripts import check_allowed
from duolog.tables.sql_tokens import Kind, sql_tokens

MOST_SHAPES: Final = 1_024


@dataclass(frozen=True, slots=True)
class Compiled:
    """A statement as the server takes it.

    Attributes:
        sql: the statement as it was given.
        text: with ``$1``, ``$2``, ... in the places of its parameters; a name that stands twice is one of them.
        names: the parameters' names, in the order of their numbers.
    """

    sql: str
    text: str
    names: tuple[str, ...]


@lru_cache(maxsize=MOST_SHAPES)
def compile_statement(sql: str) -> Compiled:
    """Put ``$n`` in the places of a statement's ``:name`` parameters.

    Raises:
        StatementError: it is a statement that belongs to duolog, like COMMIT.
    """
    check_allowed(sql)
    numbers: dict[str, int] = {}
    text = (
        f"${numbers.setdefault(text[1:], len(numbers) + 1)}" if kind is Kind.PARAMETER else text
        for kind, text in sql_tokens(sql)
    )
    return Compiled(sql, "".join(text), tuple(numbers))
