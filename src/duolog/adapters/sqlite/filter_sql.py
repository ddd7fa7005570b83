"""Filtered reads of the log in SQL: by position always, through the tags where one tenant's are asked for."""

import json

from duolog.adapters.sqlite.event_rows import EVENT_COLUMNS
from duolog.eventstore.filters import EventFilter

Values = dict[str, str | int]


def filtered_events(wanted: EventFilter, *, after: int, limit: int) -> tuple[str, Values]:
    """Return SQL and values that select the wanted events above ``after``, by position, at most ``limit``."""
    values: Values = {"after": after, "limit": limit}
    tags = {f"tag{number}": tag for number, tag in enumerate(sorted(wanted.tags))}
    values.update(tags)
    source, position, where = "duolog_events AS e", "e.position", list[str]()
    if wanted.tenant is not None:
        values["tenant"] = wanted.tenant
        # The unary plus keeps SQLite from an index that would give the events in another order and sort them all.
        where.append("+e.tenant = :tenant")
        if tags:
            tags.pop("tag0")
            source, position = "duolog_event_tags AS t CROSS JOIN duolog_events AS e", "t.position"
            where += ["t.tenant = :tenant", "t.tag = :tag0", "e.position = t.position"]
    where += [
        f"EXISTS (SELECT 1 FROM duolog_event_tags AS o"  # noqa: S608 - made of constants
        f" WHERE o.tenant = e.tenant AND o.tag = :{name} AND o.position = e.position)"
        for name in tags
    ]
    where += _simple(wanted, values)
    sql = (
        f"SELECT {EVENT_COLUMNS} FROM {source} WHERE {position} > :after"  # noqa: S608 - made of constants
        f"{''.join(f' AND {term}' for term in where)} ORDER BY {position} LIMIT :limit"
    )
    return sql, values


def _simple(wanted: EventFilter, values: Values) -> list[str]:
    where = list[str]()
    if len(wanted.types) == 1:
        values["type"] = next(iter(wanted.types))
        where.append("e.type = :type")
    elif wanted.types:
        values["types"] = json.dumps(sorted(wanted.types))
        where.append("+e.type IN (SELECT value FROM json_each(:types))")
    if wanted.categories:
        values["categories"] = json.dumps(sorted(wanted.categories))
        where.append("substr(e.stream, 1, instr(e.stream, '-') - 1) IN (SELECT value FROM json_each(:categories))")
    if wanted.partitions is not None:
        values["lo"], values["hi"] = wanted.partitions.start, wanted.partitions.stop - 1
        where.append("e.partition BETWEEN :lo AND :hi")
    return where
