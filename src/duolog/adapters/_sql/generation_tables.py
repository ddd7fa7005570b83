"""The tables of generations that are not live, where there is one name space: ``users_view`` is ``users_view__g2``.

Statements keep the declared names; what stands for one of these tables is renamed before a statement runs.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Final

from duolog.errors import StatementError
from duolog.subscriptions.generations import Generation, Role
from duolog.subscriptions.share import Share
from duolog.tables.sql_tokens import Kind, sql_tokens

_SUFFIX: Final = re.compile(r".*__g[0-9]+")
_TABLE_FOLLOWS: Final = frozenset({"FROM", "JOIN", "INTO", "UPDATE", "TABLE", "REFERENCES"})
_STILL_FOLLOWS: Final = frozenset({"IF", "NOT", "EXISTS", "OR", "REPLACE", "IGNORE", "ABORT", "FAIL", "ONLY"})
_ENDS_LIST: Final = frozenset(
    {
        *("WHERE", "SET", "ON", "USING", "GROUP", "ORDER", "HAVING", "LIMIT", "WINDOW", "SELECT", "VALUES", "UNION"),
        *("EXCEPT", "INTERSECT", "RETURNING", "DEFAULT", "DO", "BEGIN"),
    }
)
_NAMED: Final = frozenset({"INDEX", "TRIGGER"})
_MAIN: Final = frozenset({"main", "temp"})


def stored_name(table: str, number: int) -> str:
    """Return the name of a table in a generation that is not live."""
    return f"{table}__g{number}"


def stored_names(generation: Generation) -> list[str]:
    """Return the names of a generation's tables as they are stored, in their order."""
    if generation.role is Role.LIVE:
        return list(generation.tables)
    return [stored_name(table, generation.number) for table in generation.tables]


def is_set_apart(table: str) -> bool:
    """Tell whether a table's name is that of one in a generation that is not live."""
    return _SUFFIX.fullmatch(table) is not None


def stored_tables(tables: Mapping[str, str], number: int) -> dict[str, str]:
    """Return the DDL of a generation that is not live: tables, their indexes and triggers have names of their own."""
    names = frozenset(tables)
    return {stored_name(table, number): redirected(ddl, names, number) for table, ddl in tables.items()}


class Redirection:
    """Renames the tables of a view in its statements; does nothing for a live generation.

    Args:
        tables: the declared names.
        share: the share whose generation it is.
        role: the generation's role.
    """

    __slots__ = ("_number", "_tables")

    def __init__(self, tables: Sequence[str], share: Share, role: Role) -> None:
        self._tables = frozenset(tables)
        self._number = 0 if role is Role.LIVE else share.generation

    def __call__(self, sql: str) -> str:
        """Return the statement as it is to run.

        Raises:
            StatementError: it names a schema, which would lead past the generation.
        """
        return redirected(sql, self._tables, self._number) if self._number else sql

    def stored(self, table: str) -> str:
        """Return the name of a table of the view as it is stored."""
        return stored_name(table, self._number) if self._number else table


@lru_cache(maxsize=1_024)
def redirected(sql: str, tables: frozenset[str], number: int) -> str:
    """Rename tables in SQL, wherever a table stands: not in texts, comments and not where a column of that name does.

    Args:
        sql: a statement, or several.
        tables: declared names.
        number: the generation's number.

    Raises:
        StatementError: a table stands behind a schema's name.
    """
    return "".join(_Reader(tables, number).read(sql))


class _Reader:
    """Follows a statement as far as it must, to know where tables stand."""

    def __init__(self, tables: frozenset[str], number: int) -> None:
        self._tables = tables
        self._number = number
        self._before = ""  # the last token that is no blank
        self._expected = False  # a table stands here
        self._in_list = False  # after a comma as well
        self._is_named = False  # the name of an index or trigger stands here, and ON a table's follows
        self._outer: list[tuple[bool, bool]] = []

    def read(self, sql: str) -> Iterator[str]:
        """Yield the tokens, renamed."""
        tokens = list(sql_tokens(sql))
        for at, (kind, text) in enumerate(tokens):
            if kind is Kind.BLANK:
                yield text
                continue
            yield self._renamed(kind, text, qualifies=_next_is_dot(tokens, at))
            self._before = text

    def _renamed(self, kind: Kind, text: str, *, qualifies: bool) -> str:
        if kind is Kind.WORD or (kind is Kind.QUOTED and text.startswith('"')):
            return self._word(text, qualifies=qualifies)
        self._punctuation(kind, text)
        return text

    def _word(self, text: str, *, qualifies: bool) -> str:
        name, upper = text.strip('"').lower(), text.upper()
        if self._before == ".":
            return text
        if qualifies and name in _MAIN and self._expected:
            message = f"a statement of a view names the schema {name!r}"
            raise StatementError(message, hint="Write the table's name alone: a rebuild has tables of its own.")
        if self._is_named and upper not in _STILL_FOLLOWS and upper not in _NAMED:
            self._is_named = upper != "ON"
            self._expected = upper == "ON"
            if upper in {"ON", "BEFORE", "AFTER", "INSTEAD", "OF", "INSERT", "UPDATE", "DELETE", "UNIQUE"}:
                return text
            return self._with_suffix(text) if self._before.upper() in {*_NAMED, "EXISTS"} else text
        if upper in _NAMED and self._before.upper() in {"CREATE", "UNIQUE", "TEMP", "TEMPORARY"}:
            self._is_named = True
        elif upper in _TABLE_FOLLOWS:
            self._expected = self._in_list = True
        elif upper in _ENDS_LIST:
            self._expected = self._in_list = False
        elif self._expected and upper in _STILL_FOLLOWS:
            pass
        elif name in self._tables and (self._expected or qualifies):
            self._expected = False
            return self._with_suffix(text)
        else:
            self._expected = False
        return text

    def _punctuation(self, kind: Kind, text: str) -> None:
        if text == "(":
            self._outer.append((self._expected, self._in_list))
            # FROM (a JOIN b): tables stand in the brackets too. INSERT INTO t (columns): none does.
            self._in_list = self._expected
        elif text == ")":
            _, self._in_list = self._outer.pop() if self._outer else (False, False)
            self._expected = False
        elif text == ",":
            self._expected = self._in_list
        elif kind is Kind.END:
            self._expected = self._in_list = self._is_named = False

    def _with_suffix(self, text: str) -> str:
        return f'{text[:-1]}__g{self._number}"' if text.endswith('"') else f"{text}__g{self._number}"


def _next_is_dot(tokens: Sequence[tuple[Kind, str]], at: int) -> bool:
    for kind, text in tokens[at + 1 :]:
        if kind is not Kind.BLANK:
            return text == "."
    return False
