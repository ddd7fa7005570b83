"""Which columns of a table are unique, read from the DDL that declares it. Nothing is run."""

import re
from collections.abc import Iterator, Sequence
from typing import Final

from duolog.tables.sql_tokens import Kind, sql_tokens

_TABLE: Final = re.compile(
    r"CREATE (?:TEMPORARY |UNLOGGED )?TABLE (?:IF NOT EXISTS )?(?:\w+ \. )?(\w+) \(", re.IGNORECASE
)
_INDEX: Final = re.compile(
    r"CREATE UNIQUE INDEX (?:CONCURRENTLY )?(?:IF NOT EXISTS )?\w+ "
    r"ON (?:\w+ \. )?(\w+) (?:USING \w+ )?\( (\w+) \)(?! WHERE)",
    re.IGNORECASE,
)
_CONSTRAINT: Final = re.compile(r"(?:CONSTRAINT \w+ )?(?:PRIMARY KEY|UNIQUE) \( (.*?) \)", re.IGNORECASE)
_UNIQUE: Final = re.compile(r"\b(?:PRIMARY KEY|UNIQUE)\b", re.IGNORECASE)


def unique_columns(ddl: str) -> dict[str, frozenset[str]]:
    """Return the columns that are unique by themselves, by table.

    Args:
        ddl: one or more statements.

    Returns:
        Every table that is created, also those without such a column.
    """
    text = " ".join(
        part.strip('"')
        for kind, part in sql_tokens(ddl)
        if kind is not Kind.BLANK and (kind is not Kind.QUOTED or part[0] == '"')
    )
    found = {table[1].lower(): set(_declared(text[table.end() :])) for table in _TABLE.finditer(text)}
    for index in _INDEX.finditer(text):
        found.setdefault(index[1].lower(), set()).add(index[2].lower())
    return {table: frozenset(columns) for table, columns in found.items()}


def _declared(body: str) -> Iterator[str]:
    for definition in _definitions(body.split()):
        constraint = _CONSTRAINT.match(definition)
        if constraint:
            if "," not in constraint[1]:
                yield constraint[1].lower()
        elif _UNIQUE.search(definition):
            yield definition.split(" ", 1)[0].lower()


def _definitions(words: Sequence[str]) -> Iterator[str]:
    """Return what stands between the commas of a table's body, up to its closing bracket."""
    depth, definition = 0, list[str]()
    for word in words:
        depth += (word == "(") - (word == ")")
        if depth < 0 or (word == "," and depth == 0):
            yield " ".join(definition)
            definition.clear()
            if depth < 0:
                return
        else:
            definition.append(word)
