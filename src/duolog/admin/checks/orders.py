"""Rule `tie-break`: a gateway's pages have one definite order, so that no row stands on two of them or on none."""

import re
from collections.abc import Iterator, Mapping
from typing import Final, cast

from duolog.admin.checks.finding import Finding, finding
from duolog.admin.declared_keys import unique_columns
from duolog.admin.source_code import named_in
from duolog.admin.sql_texts import HOLE, calls_method, sql_texts
from duolog.admin.structure import ApplicationStructure, is_of_duolog
from duolog.read.relation import Relation

_RULE: Final = "tie-break"
_LIMIT: Final = re.compile(r"\bLIMIT\b(?!\s+1\b(?!\s*\d))", re.IGNORECASE)
_ORDER: Final = re.compile(r"\bORDER\s+BY\b(.*?)\bLIMIT\b", re.IGNORECASE | re.DOTALL)
_TABLE: Final = re.compile(r"\bFROM\s+(\w+)\b(?!\s*\.)", re.IGNORECASE)
_COLUMN: Final = re.compile(r"\s*(?:\w+\s*\.\s*)?(\w+)")
_ADVICE: Final = "End the order with a unique column, by SortableFields(..., tie_break=) or in the SQL."


def check_orders(structure: ApplicationStructure) -> Iterator[Finding]:
    """Find gateways that read pages in an order that does not end with a unique column."""
    keys: dict[str, frozenset[str]] = {}
    for projection in structure.projections:
        for ddl in projection.tables.values():
            keys |= unique_columns(ddl)
    gateways: dict[type, None] = {}
    for binding in structure.queries:
        service = cast("type", binding.handler)
        gateways |= {cls: None for cls in (service, *structure.needs.get(service, {})) if not is_of_duolog(cls)}
    for gateway in gateways:
        problems = [*_of_relations(gateway, keys), *(_of_text(gateway, text, keys) for text in sql_texts(gateway))]
        for problem in dict.fromkeys(each for each in problems if each):
            yield from finding(_RULE, gateway, problem, _ADVICE)


def _of_relations(gateway: type, keys: Mapping[str, frozenset[str]]) -> Iterator[str]:
    for named in named_in(gateway):
        if isinstance(named, Relation):
            unique = keys.get(named.source.lower())
            if unique is not None and named.key.lower() not in unique:
                yield f"the key of {named.name!r} is {named.key!r}, which its table does not keep unique"


def _of_text(gateway: type, text: str, keys: Mapping[str, frozenset[str]]) -> str:
    if not _LIMIT.search(text):
        return ""
    order, table = _ORDER.search(text), _TABLE.search(text)
    name = f" {table[1]!r}" if table else ""
    if order is None:
        return f"it reads a page of{name} without ORDER BY"
    if HOLE in order[1]:
        return "" if calls_method(gateway, "order_by") else f"its order of{name} is not one of SortableFields"
    unique = keys.get(table[1].lower()) if table else None
    columns = {column[1].lower() for term in order[1].split(",") if (column := _COLUMN.match(term))}
    if unique is not None and unique.isdisjoint(columns):
        return f"its order of{name} ends with no unique column"
    return ""
