"""What two stored tables do not have in common, found by the database itself."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from duolog.database.stored_tables import StoredTable
from duolog.tables.ports import ReadDatabase, Row


@dataclass(frozen=True, slots=True)
class Sample:
    """A row that differs.

    Attributes:
        live: as the live generation has it; None if it does not.
        other: as the other one has it; None if it does not.
    """

    live: Mapping[str, Any] | None
    other: Mapping[str, Any] | None


@dataclass(frozen=True, slots=True)
class TableDifference:
    """What two generations of one table do not have in common.

    Attributes:
        table: its name.
        rows: how many rows the live one has.
        only_live: how many rows only the live one has; by primary key, where there is one.
        only_other: how many only the other one has.
        changed: how many have one key and different values.
        columns: which columns differ in changed rows, and in how many.
        columns_only_live: columns that only the live one has; they were not compared.
        columns_only_other: columns that only the other one has.
        samples: rows that differ.
    """

    table: str
    rows: int = 0
    only_live: int = 0
    only_other: int = 0
    changed: int = 0
    columns: Mapping[str, int] = field(default_factory=dict[str, int])
    columns_only_live: Sequence[str] = ()
    columns_only_other: Sequence[str] = ()
    samples: Sequence[Sample] = ()

    @property
    def is_equal(self) -> bool:
        """Whether they have the same rows and columns."""
        counts = (self.only_live, self.only_other, self.changed)
        return not (any(counts) or self.columns_only_live or self.columns_only_other)

    def masked(self, mask: Callable[[Mapping[str, Any]], Mapping[str, Any]]) -> "TableDifference":
        """Return it with samples as they may be shown."""
        shown = [
            Sample(None if each.live is None else mask(each.live), None if each.other is None else mask(each.other))
            for each in self.samples
        ]
        return replace(self, samples=shown)


class TableReader:
    """Reads tables of both generations in one snapshot.

    Args:
        reader: has the snapshot.
        samples: so many rows of each kind.
    """

    def __init__(self, reader: ReadDatabase, samples: int) -> None:
        self.reader = reader
        self.samples = samples

    async def row(self, sql: str) -> Row:
        """Return the only row of a statement."""
        (row,) = await self.reader.fetch(sql)
        return row

    async def count(self, table: StoredTable) -> int:
        """Return how many rows a table has."""
        return int(await self.reader.fetch_value(f"SELECT count(*) FROM {table.source}"))  # noqa: S608 - quoted


async def difference_of(
    tables: TableReader, live: StoredTable | None, other: StoredTable | None, name: str
) -> TableDifference:
    """Compare a table of the live generation with the one of another generation.

    Args:
        tables: reads both.
        live: the live one; None if it has no such table.
        other: the other one; None if it has no such table.
        name: its name.
    """
    if live is None or other is None:
        rows = 0 if live is None else await tables.count(live)
        others = 0 if other is None else await tables.count(other)
        return TableDifference(
            name,
            rows,
            rows,
            others,
            columns_only_live=() if live is None else live.columns,
            columns_only_other=() if other is None else other.columns,
        )
    return await (_ByKey if live.key and live.key == other.key else _ByRow)(tables, live, other).compare()


class _Comparison:
    def __init__(self, tables: TableReader, live: StoredTable, other: StoredTable) -> None:
        self._tables = tables
        self._live = live
        self._other = other
        self._columns = [column for column in live.columns if column in other.columns]
        self._texts = live.texts | other.texts

    async def compare(self) -> TableDifference:
        raise NotImplementedError

    def _begun(self, rows: int) -> TableDifference:
        return TableDifference(
            self._live.name,
            rows,
            columns_only_live=[each for each in self._live.columns if each not in self._columns],
            columns_only_other=[each for each in self._other.columns if each not in self._columns],
        )

    def _value(self, column: str, alias: str = "") -> str:
        name = f"{alias}.{_quoted(column)}" if alias else _quoted(column)
        return f"CAST({name} AS TEXT)" if column in self._texts else name


class _ByKey(_Comparison):
    """Compares rows that have the same primary key."""

    async def compare(self) -> TableDifference:
        joined = " AND ".join(f"l.{_quoted(key)} = o.{_quoted(key)}" for key in self._live.key)
        compared = [column for column in self._columns if column not in self._live.key]
        differs = {column: self._differs(column) for column in compared}
        first = f"{_quoted(self._live.key[0])} IS NULL"
        both = f"FROM {self._live.source} AS l JOIN {self._other.source} AS o ON {joined}"
        only_live = f"FROM {self._live.source} AS l LEFT JOIN {self._other.source} AS o ON {joined} WHERE o.{first}"
        only_other = f"FROM {self._other.source} AS o LEFT JOIN {self._live.source} AS l ON {joined} WHERE l.{first}"
        changed = " OR ".join(differs.values()) or "1 = 0"
        sums = ", ".join(
            f"coalesce(sum(CASE WHEN {each} THEN 1 ELSE 0 END), 0) AS d{at}"
            for at, each in enumerate([changed, *differs.values()])
        )
        counts = await self._tables.row(f"SELECT {sums} {both}")
        found = replace(
            self._begun(await self._tables.count(self._live)),
            only_live=await self._count(only_live),
            only_other=await self._count(only_other),
            changed=int(counts["d0"]),
            columns={column: int(n) for at, column in enumerate(compared, 1) if (n := counts[f"d{at}"])},
        )
        samples = [
            *(await self._samples(f"{both} WHERE {changed}", "lo") if found.changed else ()),
            *(await self._samples(only_live, "l") if found.only_live else ()),
            *(await self._samples(only_other, "o") if found.only_other else ()),
        ]
        return replace(found, samples=samples)

    def _differs(self, column: str) -> str:
        ours, theirs = self._value(column, "l"), self._value(column, "o")
        # IS DISTINCT FROM has another name on SQLite. Where one is NULL, the equation is neither true nor false.
        return f"(CASE WHEN {ours} = {theirs} OR ({ours} IS NULL AND {theirs} IS NULL) THEN 0 ELSE 1 END = 1)"

    async def _count(self, from_clause: str) -> int:
        return int((await self._tables.row(f"SELECT count(*) AS n {from_clause}"))["n"])

    async def _samples(self, from_clause: str, sides: str) -> Iterable[Sample]:
        wanted = {(side, at): column for side in sides for at, column in enumerate(self._columns)}
        selected = ", ".join(f"{side}.{_quoted(column)} AS {side}{at}" for (side, at), column in wanted.items())
        order = ", ".join(f"{sides[0]}.{_quoted(key)}" for key in self._live.key)
        sql = f"SELECT {selected} {from_clause} ORDER BY {order} LIMIT {self._tables.samples:d}"
        return [Sample(self._side("l", row, sides), self._side("o", row, sides)) for row in await self._fetch(sql)]

    async def _fetch(self, sql: str) -> Sequence[Row]:
        return await self._tables.reader.fetch(sql)

    def _side(self, side: str, row: Row, sides: str) -> Mapping[str, Any] | None:
        return {column: row[f"{side}{at}"] for at, column in enumerate(self._columns)} if side in sides else None


class _ByRow(_Comparison):
    """Compares whole rows, where there is no key in common: one that changed is one only here and one only there."""

    async def compare(self) -> TableDifference:
        names = ", ".join(f"{self._value(column)} AS c{at}" for at, column in enumerate(self._columns))
        group = ", ".join(f"c{at}" for at in range(len(self._columns)))
        differing = (
            f"SELECT {group}, sum(n) AS n FROM ("  # noqa: S608 - quoted names
            f"SELECT {names}, 1 AS n FROM {self._live.source} UNION ALL "
            f"SELECT {names}, -1 AS n FROM {self._other.source}) AS both_of_them GROUP BY {group} HAVING sum(n) <> 0"
        )
        sums = await self._tables.row(
            "SELECT coalesce(sum(CASE WHEN n > 0 THEN n ELSE 0 END), 0) AS live, "  # noqa: S608 - quoted names
            f"coalesce(sum(CASE WHEN n < 0 THEN -n ELSE 0 END), 0) AS other FROM ({differing}) AS differing"
        )
        found = replace(
            self._begun(await self._tables.count(self._live)),
            only_live=int(sums["live"]),
            only_other=int(sums["other"]),
        )
        samples: list[Sample] = []
        for sign in ("> 0", "< 0"):
            sql = f"SELECT * FROM ({differing}) AS differing WHERE n {sign} LIMIT {self._tables.samples:d}"  # noqa: S608 - quoted names
            for row in await self._tables.reader.fetch(sql):
                values = {column: row[f"c{at}"] for at, column in enumerate(self._columns)}
                samples.append(Sample(values, None) if sign == "> 0" else Sample(None, values))
        return replace(found, samples=samples)


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
