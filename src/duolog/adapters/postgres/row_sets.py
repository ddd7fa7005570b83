"""Rows that are inserted by one statement each, as one statement for all of them.

The server runs ``INSERT ... SELECT ... FROM unnest(...)`` over a thousand rows in a fraction of the time that it takes
for a thousand runs of ``INSERT ... VALUES``. Only those are written anew that can be told to have the same effect as
one run after another: what they put in depends on nothing but the parameters, and no run sees what another one wrote.
Where a conflict is to update, rows of one key go into statements of their own, in order. A trigger for each
statement, if the table has one, fires once for all rows.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from duolog.adapters.postgres.connecting import Connection
from duolog.adapters.postgres.values import MISSING, SEPARATOR, joined_values
from duolog.tables.sql_tokens import Kind, sql_tokens

MOST_ROWS: Final = 2_000

_SHORTEST_RUN: Final = 4
# They depend on their arguments and on nothing else; the time is that of the transaction.
_FUNCTIONS: Final = frozenset(
    {"abs", "cast", "coalesce", "greatest", "least", "length", "lower", "now", "nullif", "round", "trim", "upper"}
)
_NOT_HERE: Final = frozenset({"default", "returning", "select", "values", "with", "insert", "overriding"})

_Token = tuple[Kind, str]
_Values = Sequence[object]


@dataclass(frozen=True, slots=True)
class RowSet:
    """An INSERT that can take many rows at once.

    Attributes:
        head: ``INSERT INTO table (columns)``.
        items: what stands for each column, with parameters as they were.
        tail: ``ON CONFLICT ...``, or nothing.
        names: the parameters' names, in the order of their numbers.
        keys: numbers (from 0) of the parameters by whose values rows may conflict; None if it does not matter.
    """

    head: str
    items: tuple[_Token, ...]
    tail: str
    names: tuple[str, ...]
    keys: tuple[int, ...] | None

    def text(self, places: Sequence[str]) -> str:
        """Return the statement that takes, for each parameter, the texts of its values as `joined_values` joins them.

        The driver would look at each element of an array three times, and that takes longer than all the rest.

        Args:
            places: the types of the parameters' places, as ``pg_type.typname`` calls them.
        """
        numbers = {name: number for number, name in enumerate(self.names, 1)}
        items = "".join(f"v.p{numbers[text[1:]]}" if kind is Kind.PARAMETER else text for kind, text in self.items)
        arrays = ", ".join(
            f"string_to_array(${number}, '{SEPARATOR}', '{MISSING}')::pg_catalog.{place}[]"
            for number, place in enumerate(places, 1)
        )
        columns = ", ".join(f"p{number}" for number in numbers.values())
        # Only the application's own statement, with places for parameters, and the server's own names of types.
        return (
            f"{self.head} SELECT {items} FROM ROWS FROM (unnest({arrays})) WITH ORDINALITY AS v ({columns}, n)"  # noqa: S608 - see above
            f" ORDER BY v.n {self.tail}"
        )

    def runs(self, columns: Sequence[_Values]) -> list[range] | None:
        """Divide rows into runs that one statement each may take; None if they are too short to be worth it.

        Args:
            columns: the rows' values, by parameter.
        """
        count = len(columns[0])
        edges = [*range(0, count, MOST_ROWS)] if self.keys is None else [*_distinct(columns, self.keys)]
        if len(edges) * _SHORTEST_RUN > count:
            return None
        return [range(begin, end) for begin, end in zip(edges, [*edges[1:], count], strict=True)]


@lru_cache(maxsize=1_024)
def row_set(sql: str) -> RowSet | None:
    """Take an INSERT of one row apart; None if it is anything else, or cannot be told to have the same effect."""
    tokens = [(kind, text) for kind, text in sql_tokens(sql) if kind is not Kind.END]
    reader = _Reader(tokens)
    if not (reader.word("insert") and reader.word("into") and reader.name()):
        return None
    columns = reader.bracket()
    head = reader.passed()
    if columns is None or not reader.word("values"):
        return None
    reader.passed()
    items = reader.bracket()
    if items is None:
        return None
    reader.passed()
    tail = reader.rest()
    parts = _split(items)
    names = tuple(dict.fromkeys(text[1:] for kind, text in items if kind is Kind.PARAMETER))
    by_column = dict(zip((_plain(part) for part in _split(columns)), map(_plain, parts), strict=False))
    if not names or None in by_column or len(by_column) != len(parts) or not (_is_safe(items) and _is_safe(tail)):
        return None
    conflict = _conflict(tail, {str(name): item for name, item in by_column.items()}, names)
    return None if conflict is None else RowSet(head, tuple(items), conflict[0].strip(), names, conflict[1])


async def execute_sets(
    connection: Connection, single: str, many: str, columns: Sequence[Sequence[object]], runs: Sequence[range]
) -> None:
    """Run a statement for each run of rows, in order.

    Args:
        connection: where to run it.
        single: the statement that takes the values of one row, for rows that cannot be joined.
        many: `RowSet.text` of it.
        columns: the rows' values, by parameter.
        runs: which rows go together, see `RowSet.runs`.

    Raises:
        asyncpg.PostgresError: the database refused it.
    """
    for run in runs:
        values = [column[run.start : run.stop] for column in columns]
        joined = [joined_values(each) for each in values] if len(run) > 1 else [None]
        if None in joined:
            await connection.executemany(single, zip(*values, strict=True))
        else:
            await connection.execute(many, *joined)


def _conflict(
    tail: Sequence[_Token], by_column: Mapping[str, str | None], names: Sequence[str]
) -> tuple[str, tuple[int, ...] | None] | None:
    """Return ``ON CONFLICT ...`` without parameters and the numbers of its key's; None if it cannot be told."""
    reader = _Reader(tail)
    if reader.is_at_end():
        return "", None
    if not (reader.word("on") and reader.word("conflict")):
        return None
    target = reader.bracket()
    if not reader.word("do"):
        return None
    if reader.word("nothing"):
        return ("".join(text for _, text in tail), None) if reader.is_at_end() else None
    keys = [by_column.get(str(_plain(part))) for part in _split(target or [])]
    numbers = tuple(names.index(key[1:]) for key in keys if key is not None and key.startswith(":"))
    if len(numbers) < len(keys):
        return None
    text = _without_parameters(tail, by_column)
    return None if text is None else (text, numbers)


def _without_parameters(tail: Sequence[_Token], by_column: Mapping[str, str | None]) -> str | None:
    """Write ``SET column = :value`` as ``SET column = excluded.column``, where that is the value put in."""
    code = [(at, text) for at, (kind, text) in enumerate(tail) if kind is not Kind.BLANK]
    texts = [text for _, text in tail]
    for place, (at, text) in enumerate(code):
        if tail[at][0] is not Kind.PARAMETER:
            continue
        before = [each for _, each in code[max(0, place - 3) : place]]
        after = code[place + 1][1] if place + 1 < len(code) else ","
        column = _folded(before[1]) if len(before) == 3 else ""  # noqa: PLR2004 - SET or a comma, the column, =
        if before[2:] != ["="] or before[0].lower() not in {"set", ","} or after.lower() not in {",", "where"}:
            return None
        if by_column.get(column) != text:
            return None
        texts[at] = f"excluded.{before[1]}"
    return "".join(texts)


def _distinct(columns: Sequence[_Values], keys: Sequence[int]) -> Iterator[int]:
    """Yield where runs of rows begin that all have different keys."""
    yield 0
    seen: set[object] = set()
    for at, key in enumerate(zip(*(columns[number] for number in keys), strict=True)):
        if key in seen or len(seen) >= MOST_ROWS:
            yield at
            seen.clear()
        seen.add(key)


def _is_safe(tokens: Sequence[_Token]) -> bool:
    """Tell whether an expression depends on the row alone: no query in it, and no function that could hold one."""
    code = [(kind, text) for kind, text in tokens if kind is not Kind.BLANK]
    for at, (kind, text) in enumerate(code):
        is_call = at + 1 < len(code) and code[at + 1][1] == "("
        if kind is Kind.WORD and (text.lower() in _NOT_HERE or (is_call and not _may_be_called(text))):
            return False
        if kind is Kind.QUOTED and is_call:
            return False
    return True


def _may_be_called(word: str) -> bool:
    return word.lower() in _FUNCTIONS or word.lower() == "conflict"


def _split(tokens: Sequence[_Token]) -> list[list[_Token]]:
    parts: list[list[_Token]] = [[]]
    depth = 0
    for kind, text in tokens:
        depth += (text == "(") - (text == ")") if kind is Kind.OTHER else 0
        if text == "," and depth == 0:
            parts.append([])
        else:
            parts[-1].append((kind, text))
    return parts


def _plain(part: Sequence[_Token]) -> str | None:
    """Return the one word, name or parameter of a part; None if it is anything else."""
    code = [text for kind, text in part if kind is not Kind.BLANK]
    return _folded(code[0]) if len(code) == 1 else None


def _folded(name: str) -> str:
    return name if name.startswith(('"', ":", "'")) else name.lower()


class _Reader:
    """Goes through tokens from left to right."""

    def __init__(self, tokens: Sequence[_Token]) -> None:
        self._tokens = tokens
        self._at = 0
        self._begin = 0

    def word(self, word: str) -> bool:
        return self._take(Kind.WORD, word)

    def name(self) -> bool:
        """Pass a table's name, which may have a schema and an alias."""
        if not self._name_part() or (self._take(Kind.OTHER, ".") and not self._name_part()):
            return False
        return not self.word("as") or self._name_part()

    def bracket(self) -> list[_Token] | None:
        """Pass brackets, and return what stands in them; None if there are none."""
        if not self._take(Kind.OTHER, "("):
            return None
        begin, depth = self._at, 1
        while self._at < len(self._tokens):
            kind, text = self._tokens[self._at]
            depth += (text == "(") - (text == ")") if kind is Kind.OTHER else 0
            self._at += 1
            if depth == 0:
                return list(self._tokens[begin : self._at - 1])
        return None

    def passed(self) -> str:
        """Return what was passed since the last call."""
        text = "".join(text for _, text in self._tokens[self._begin : self._at])
        self._begin = self._at
        return text

    def rest(self) -> Sequence[_Token]:
        return self._tokens[self._at :]

    def is_at_end(self) -> bool:
        return all(kind is Kind.BLANK for kind, _ in self.rest())

    def _take(self, wanted: Kind, text: str) -> bool:
        self._skip()
        if self._at < len(self._tokens):
            kind, found = self._tokens[self._at]
            if kind is wanted and found.lower() == text:
                self._at += 1
                return True
        return False

    def _name_part(self) -> bool:
        self._skip()
        if self._at < len(self._tokens) and self._tokens[self._at][0] in {Kind.WORD, Kind.QUOTED}:
            self._at += 1
            return True
        return False

    def _skip(self) -> None:
        while self._at < len(self._tokens) and self._tokens[self._at][0] is Kind.BLANK:
            self._at += 1
