"""Rule `materialized-view`: a materialized view declares every view that its select reads."""

from collections.abc import Iterator
from typing import Final

from duolog.admin.checks.finding import Finding, finding
from duolog.admin.structure import ApplicationStructure
from duolog.tables.sql_tokens import Kind, sql_tokens

_RULE: Final = "materialized-view"
_TABLE_FOLLOWS: Final = frozenset({"FROM", "JOIN", ","})


def check_materialized_views(structure: ApplicationStructure) -> Iterator[Finding]:
    """Find materialized views that read tables of views whose changes do not refresh them."""
    owners = {table: each.name for each in structure.projections for table in each.tables}
    owners |= {each.name: each.name for each in structure.materialized_views}
    for view in structure.materialized_views:
        declared = {each.name for each in view.reads}
        for table in _tables(view.select):
            owner = owners.get(table)
            if owner is not None and owner not in declared:
                message = f"its select reads {table}, whose changes do not refresh it"
                advice = f"Name the view {owner!r} in its `reads`."
                yield from finding(_RULE, view, message, advice)


def _tables(select: str) -> Iterator[str]:
    """Yield the names that stand where tables do, and perhaps others, once each."""
    before, found = "", set[str]()
    for kind, text in sql_tokens(select):
        if kind is Kind.BLANK:
            continue
        name = text.strip('"').lower()
        if kind in {Kind.WORD, Kind.QUOTED} and before in _TABLE_FOLLOWS and name not in found:
            found.add(name)
            yield name
        before = text.upper()
