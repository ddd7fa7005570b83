"""Dynamic consistency boundaries in SQL: the positions that match a query, found through the tags where it has some."""

import json
import sqlite3

from duolog.adapters.sqlite.event_rows import EVENT_COLUMNS
from duolog.eventstore.conditions import AppendCondition, EventQuery, QueryItem

Values = dict[str, str | int]


def boundary_events(query: EventQuery, tenant: str) -> tuple[str, Values]:
    """Return SQL and values that select all events that match ``query``, by position."""
    positions, values = _positions(query, tenant, after=0)
    sql = f"SELECT {EVENT_COLUMNS} FROM duolog_events AS e WHERE e.position IN ({positions}) ORDER BY e.position"  # noqa: S608 - made of constants
    return sql, values


def first_unseen(connection: sqlite3.Connection, condition: AppendCondition) -> int | None:
    """Return the first position above the horizon that matches the condition and was not seen, or None."""
    positions, values = _positions(condition.query, condition.tenant, after=condition.horizon)
    sql = f"SELECT position FROM ({positions}) ORDER BY position LIMIT :most"  # noqa: S608 - made of constants
    # Of one more position than were seen, at least one was not.
    for (position,) in connection.execute(sql, {**values, "most": len(condition.seen) + 1}):
        if position not in condition.seen:
            return int(position)
    return None


def _positions(query: EventQuery, tenant: str, *, after: int) -> tuple[str, Values]:
    values: Values = {"tenant": tenant, "after": after}
    items = [_item(item, f"i{number}", values) for number, item in enumerate(query.items)]
    return " UNION ".join(items), values


def _item(item: QueryItem, prefix: str, values: Values) -> str:
    if item.types:
        values[f"{prefix}_types"] = json.dumps(item.types)
    types = f"type IN (SELECT value FROM json_each(:{prefix}_types))"  # noqa: S608 - made of constants
    if not item.tags:
        where = f" AND {types}" if item.types else ""
        return f"SELECT position FROM duolog_events WHERE tenant = :tenant AND position > :after{where}"  # noqa: S608 - made of constants
    names = [f"{prefix}_tag{number}" for number in range(len(item.tags))]
    values.update(zip(names, item.tags, strict=True))
    where = "".join(
        " AND EXISTS (SELECT 1 FROM duolog_event_tags AS o"  # noqa: S608 - made of constants
        f" WHERE o.tenant = t.tenant AND o.tag = :{name} AND o.position = t.position)"
        for name in names[1:]
    )
    if item.types:
        where += f" AND EXISTS (SELECT 1 FROM duolog_events AS d WHERE d.position = t.position AND d.{types})"  # noqa: S608 - made of constants
    return (
        "SELECT t.position FROM duolog_event_tags AS t"  # noqa: S608 - made of constants
        f" WHERE t.tenant = :tenant AND t.tag = :{names[0]} AND t.position > :after{where}"
    )
