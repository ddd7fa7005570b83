"""Differences between two generations of a view, for people and for programs."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import msgspec

from duolog.admin.generation_difference import GenerationDifference
from duolog.admin.secret_names import is_secret_name
from duolog.admin.table_difference import Sample, TableDifference
from duolog.cli.terminal import printable

_MASKED = "***"


def masked_row(row: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return a row without the values of columns that are named like a secret."""
    return {
        name: _MASKED if is_secret_name(name) and isinstance(value, str | bytes) else value
        for name, value in row.items()
    }


def difference_text(difference: GenerationDifference) -> str:
    """Return what differs, as lines."""
    head = (
        f"{difference.subscription}: generation {difference.other} and the live one ({difference.live}) "
        f"at position {difference.position:,}: {'equal' if difference.is_equal else 'DIFFERENT'}"
    )
    lines = [line for table in difference.tables for line in _table_lines(table, difference.other)]
    return printable_lines([head, *lines])


def difference_json(difference: GenerationDifference) -> dict[str, Any]:
    """Return what differs, as one object."""
    return {
        "name": difference.subscription,
        "live": difference.live,
        "generation": difference.other,
        "position": difference.position,
        "is_equal": difference.is_equal,
        "tables": [_table_json(table) for table in difference.tables],
    }


def printable_lines(lines: Sequence[str]) -> str:
    """Return lines in which nothing moves a terminal's cursor."""
    return "\n".join(printable(line) for line in lines)


def _table_lines(table: TableDifference, other: int) -> Iterator[str]:
    if table.is_equal:
        yield f"  {table.table}: {table.rows:,} rows, equal"
        return
    yield (
        f"  {table.table}: {table.rows:,} rows; {table.only_live:,} only in the live one, {table.only_other:,} only in "
        f"generation {other}, {table.changed:,} changed"
    )
    if table.columns:
        yield f"    columns that differ: {', '.join(f'{name} ({count:,})' for name, count in table.columns.items())}"
    for what, names in (("the live one", table.columns_only_live), (f"generation {other}", table.columns_only_other)):
        if names:
            yield f"    columns only of {what}: {', '.join(names)}"
    for sample in table.samples:
        yield from _sample_lines(sample, other)


def _sample_lines(sample: Sample, other: int) -> Iterator[str]:
    width = max(len("live"), len(f"g{other}"))
    for name, row in (("live", sample.live), (f"g{other}", sample.other)):
        if row is not None:
            yield f"    {name:<{width}}  {_row_text(row)}"


def _row_text(row: Mapping[str, Any]) -> str:
    return msgspec.json.encode(_plain(row), enc_hook=str).decode()


def _table_json(table: TableDifference) -> dict[str, Any]:
    return {
        "table": table.table,
        "rows": table.rows,
        "only_live": table.only_live,
        "only_other": table.only_other,
        "changed": table.changed,
        "columns": dict(table.columns),
        "columns_only_live": list(table.columns_only_live),
        "columns_only_other": list(table.columns_only_other),
        "samples": [
            {"live": None if each.live is None else _plain(each.live), "other": each.other and _plain(each.other)}
            for each in table.samples
        ],
    }


def _plain(row: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value if isinstance(value, str | int | float | None) else str(value) for name, value in row.items()}
