"""Filtered reads of the log in SQL: by position always, through the tags where one tenant's are asked for."""

from typing import Final

from duolog.adapters.postgres.event_rows import EVENT_COLUMNS
from duolog.adapters.postgres.sql_files import in_schema
from duolog.eventstore.filters import EventFilter

_ANY_OF: Final = "= ANY (${}::text[])"


def filtered_events(
    wanted: EventFilter, schema: str, *, after: int, through: int, limit: int
) -> tuple[str, list[object]]:
    """Return SQL and values that select the wanted events with ``after < position <= through``, at most ``limit``."""
    values: list[object] = [after, through, limit]
    where = list[str]()

    def add(term: str, value: object) -> None:
        values.append(value)
        where.append(term.format(len(values)))

    source, position = "{schema}.events AS e", "e.position"
    tags = sorted(wanted.tags)
    if wanted.tenant is not None:
        add("e.tenant = ${}", wanted.tenant)
        if tags:
            source = "{schema}.event_tags AS t JOIN {schema}.events AS e ON e.position = t.position"
            position = "t.position"
            add("t.tenant = ${}", wanted.tenant)
            add("t.tag = ${}", tags.pop(0))
    if tags:
        add("e.tags @> ${}::text[]", tags)
    if wanted.types:
        add(f"e.type {_ANY_OF}", sorted(wanted.types))
    if wanted.categories:
        add(f"split_part(e.stream, '-', 1) {_ANY_OF}", sorted(wanted.categories))
    if wanted.partitions is not None:
        add("e.partition >= ${}::int", wanted.partitions.start)
        add("e.partition < ${}::int", wanted.partitions.stop)
    sql = (
        f"SELECT {EVENT_COLUMNS} FROM {source} WHERE {position} > $1 AND {position} <= $2"  # noqa: S608 - made of constants
        f"{''.join(f' AND {term}' for term in where)} ORDER BY {position} LIMIT $3"
    )
    return in_schema(sql, schema), values
