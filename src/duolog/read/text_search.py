"""Searching texts by words, where the database has an index for that."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from duolog.errors import ConfigurationError, InvalidMessageError
from duolog.read.columns import check_column
from duolog.read.filtering import parameter_name
from duolog.tables.ports import FullText

_LONGEST: Final = 1_000
_WORDS: Final = re.compile(r'(-?)(?:"([^"]*)"?|([^\s"]+))')
_CHARACTERS: Final = re.compile(r"\w")


@dataclass(frozen=True, slots=True)
class Fts5:
    """The table of SQLite's FTS5 that is searched instead of a column.

    Attributes:
        table: its name.
        key: its column that holds the key of a row of the list; ``rowid`` if that is the list's own.
        row_key: the list's column that it is compared with.
    """

    table: str
    key: str = "rowid"
    row_key: str = "rowid"

    def __post_init__(self) -> None:
        """Check the names."""
        for name in (self.table, self.key, self.row_key):
            check_column(name)


@dataclass(frozen=True, slots=True)
class TextSearch:
    """A filter by words; made by `matches`.

    Attributes:
        column: a column of the type ``tsvector``.
        configuration: of PostgreSQL's text search.
        fts5: what is searched on SQLite, or None.
    """

    column: str
    configuration: str
    fts5: Fts5 | None

    def __post_init__(self) -> None:
        """Check the names."""
        check_column(self.column)
        check_column(self.configuration)

    def term(self, name: str, value: Any, full_text: FullText) -> tuple[str, Mapping[str, Any]]:
        """Return the condition and its parameters; see `FilterPart.term`.

        Raises:
            InvalidMessageError: the value is no text, is too long, or only says what must not be found.
            ConfigurationError: the database searches tables of FTS5, and none is declared.
        """
        if not isinstance(value, str) or len(value) > _LONGEST:
            message = f"the filter {name!r} takes a text of {_LONGEST} characters at most"
            raise InvalidMessageError(message, path=f"$.{name}")
        searched, parameter = _fts5_query(name, value), parameter_name(name)
        if not searched:
            return "FALSE", {}  # what has no words finds nothing, on any database
        if full_text is FullText.TSVECTOR:
            query = f"websearch_to_tsquery('{self.configuration}', :{parameter})"
            return f"{self.column} @@ {query}", {parameter: value}
        if self.fts5 is None:
            message = f"the filter {name!r} has no table of FTS5 to search on SQLite"
            raise ConfigurationError(message, hint='Declare it: matches("words", fts5=Fts5("articles_fts")).')
        table = self.fts5
        found = f"SELECT {table.key} FROM {table.table} WHERE {table.table} MATCH :{parameter}"  # noqa: S608 - checked
        return f"{table.row_key} IN ({found})", {parameter: searched}


def matches(column: str, *, configuration: str = "simple", fts5: Fts5 | None = None) -> TextSearch:
    """Keep rows whose text has all the words of the value, as a search engine takes them.

    ``"two words"`` in quotes stand beside each other, ``or`` between two words asks for either, ``-word`` must not
    stand there. What people type is never a syntax error.

    Args:
        column: on PostgreSQL: a column of the type ``tsvector``.
        configuration: how PostgreSQL takes words apart, like ``english``.
        fts5: on SQLite: the table of FTS5 that is searched.
    """
    return TextSearch(column, configuration, fts5)


def _fts5_query(name: str, text: str) -> str:
    """Return what FTS5 takes for what ``websearch_to_tsquery`` takes; empty if it has no words."""
    branches: list[tuple[list[str], list[str]]] = [([], [])]
    for minus, phrase, word in _WORDS.findall(text):
        if word.lower() == "or" and not minus:
            branches.append(([], []))
        elif _CHARACTERS.search(phrase or word):
            quoted = '"' + (phrase or word).replace('"', " ") + '"'
            branches[-1][1 if minus else 0].append(quoted)
    spoken = [branch for branch in branches if branch != ([], [])]
    if any(not wanted for wanted, _ in spoken):
        message = f"the filter {name!r} takes a word that is looked for beside those that must not be there"
        raise InvalidMessageError(message, path=f"$.{name}")
    return " OR ".join(_branch(wanted, unwanted) for wanted, unwanted in spoken)


def _branch(wanted: list[str], unwanted: list[str]) -> str:
    found = " AND ".join(wanted)
    return f"(({found}) NOT ({' OR '.join(unwanted)}))" if unwanted else f"({found})"
