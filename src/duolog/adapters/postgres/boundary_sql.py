"""Dynamic consistency boundaries in SQL: the events that match a query, found through the tags where it has some."""

from duolog.adapters.postgres.event_rows import EVENT_COLUMNS
from duolog.adapters.postgres.sql_files import in_schema
from duolog.eventstore.conditions import EventQuery, QueryItem


def boundary_events(query: EventQuery, schema: str, tenant: str, *, after: int = 0) -> tuple[str, list[object]]:
    """Return SQL and values that select all events above a position that match ``query``, by position."""
    values: list[object] = [tenant, after]
    positions = " UNION ".join(_item(item, values) for item in query.items)
    # The limit keeps the planner at one look-up by position for each match: without statistics, as in a young log, it
    # would read all events instead.
    sql = (
        f"SELECT {EVENT_COLUMNS} FROM ({positions}) AS p"  # noqa: S608 - made of constants
        " CROSS JOIN LATERAL (SELECT * FROM {schema}.events AS d WHERE d.position = p.position LIMIT 1) AS e"
        " ORDER BY e.position"
    )
    return in_schema(sql, schema), values


def _item(item: QueryItem, values: list[object]) -> str:
    types = ""
    if item.types:
        values.append(item.types)
        types = f" AND d.type = ANY (${len(values)}::text[])"
    if not item.tags:
        return f"SELECT d.position FROM {{schema}}.events AS d WHERE d.tenant = $1 AND d.position > $2{types}"  # noqa: S608 - made of constants
    values.append(item.tags[0])
    tagged = (
        "SELECT t.position FROM {schema}.event_tags AS t"  # noqa: S608 - made of constants
        f" WHERE t.tenant = $1 AND t.tag = ${len(values)} AND t.position > $2"
    )
    if not types and len(item.tags) == 1:
        return tagged
    values.append(item.tags)
    return (
        f"SELECT m.position FROM ({tagged}) AS o CROSS JOIN LATERAL ("  # noqa: S608 - made of constants
        "SELECT d.position FROM {schema}.events AS d WHERE d.position = o.position"
        f" AND d.tags @> ${len(values)}::text[]{types} LIMIT 1) AS m"
    )
