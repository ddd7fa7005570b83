"""Exchanging the tables of two generations where there is one name space: by renaming, in the open transaction."""

import re
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final

from duolog.adapters._sql.ddl import create_missing, create_missing_indexes, drop_views, run_ddl
from duolog.adapters._sql.generation_tables import redirected, stored_name
from duolog.errors import SwitchRefusedError
from duolog.subscriptions.generations import Generation
from duolog.tables.sql_tokens import Kind, sql_tokens

_TRIGGERS: Final = "SELECT name, sql, tbl_name FROM sqlite_master WHERE type = 'trigger' ORDER BY rowid"
_TABLES: Final = "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite|_%' ESCAPE '|'"
_REFERENCES: Final = 'SELECT DISTINCT "table" FROM pragma_foreign_key_list(:name)'


def switch_tables(
    connection: sqlite3.Connection, live: Generation, target: Generation, dependants: Mapping[str, str]
) -> None:
    """Give the tables of a generation the declared names, and those of the live one names of their own.

    Indexes keep their names, which nobody uses. Views of the application are dropped and made anew; other views read
    what has the declared name, so that they go along by themselves.

    Args:
        connection: in a transaction that writes.
        live: the generation whose tables have the declared names.
        target: the one whose tables are to get them.
        dependants: DDL of the application's views, by name.

    Raises:
        SwitchRefusedError: a table from outside refers to one of the live ones, or an undeclared trigger is on one.
        StatementError: the DDL of a dependant is wrong.
    """
    refused = [*_references(connection, live.tables), *_lost_triggers(connection, live, target)]
    if refused:
        raise SwitchRefusedError(view=live.subscription, found=refused)
    drop_views(connection, dependants)
    there = [table for table in live.tables if _exists(connection, table)]
    away = list(_taken_triggers(connection, live.tables))
    come = list(_taken_triggers(connection, [stored_name(table, target.number) for table in target.tables]))
    before = connection.execute("PRAGMA legacy_alter_table").fetchone()[0]
    # Otherwise views would follow the tables that are renamed, instead of their names.
    run_ddl(connection, "PRAGMA legacy_alter_table = ON")
    try:
        for table in there:
            _rename(connection, table, stored_name(table, live.number))
        for table in target.tables:
            _rename(connection, stored_name(table, target.number), table)
    finally:
        run_ddl(connection, f"PRAGMA legacy_alter_table = {before}")
    for trigger in away:
        run_ddl(connection, redirected(trigger, frozenset(live.tables), live.number))
    for trigger in come:
        run_ddl(connection, _declared(trigger, target.number))
    create_missing(connection, dependants)


def finish_tables(connection: sqlite3.Connection, indexes: Mapping[str, str], generation: Generation) -> None:
    """Create the indexes of a loaded generation that are missing, and look its rows over for the planner.

    Raises:
        StatementError: the DDL of an index is wrong.
    """
    names, number = frozenset(generation.tables), generation.number
    stored = {stored_name(name, number): redirected(ddl, names, number) for name, ddl in indexes.items()}
    create_missing_indexes(connection, stored)
    for table in generation.tables:
        run_ddl(connection, f'ANALYZE "{stored_name(table, number)}"')


def _references(connection: sqlite3.Connection, tables: Sequence[str]) -> Iterator[str]:
    own = {table.lower() for table in tables}
    for (name,) in connection.execute(_TABLES).fetchall():
        if name.lower() not in own:
            for (parent,) in connection.execute(_REFERENCES, {"name": name}).fetchall():
                if parent.lower() in own:
                    yield f"a foreign key of {name}"


def _lost_triggers(connection: sqlite3.Connection, live: Generation, target: Generation) -> Iterator[str]:
    """Yield the triggers of live tables that the tables which take their places do not have, though they should."""
    if live.version != target.version:
        return
    triggers = connection.execute(_TRIGGERS).fetchall()
    come = {_stem(name) for name, _, table in triggers if _number(table) == target.number}
    tables = {table.lower() for table in live.tables}
    for name, _, table in triggers:
        if table.lower() in tables and _stem(name) not in come:
            yield f"trigger {name}"


def _taken_triggers(connection: sqlite3.Connection, tables: Iterable[str]) -> Iterator[str]:
    """Drop the triggers of tables, which renaming would leave behind in part, and yield their DDL."""
    wanted = {table.lower() for table in tables}
    for name, sql, table in connection.execute(_TRIGGERS).fetchall():
        if table.lower() in wanted:
            run_ddl(connection, f'DROP TRIGGER "{name}"')
            yield sql


def _declared(sql: str, number: int) -> str:
    """Return DDL as it was declared, before it was led to a generation's tables."""
    suffix = re.compile(rf"__g{number}(?=\"?$)")
    return "".join(
        suffix.sub("", text) if kind in {Kind.WORD, Kind.QUOTED} and not text.startswith("'") else text
        for kind, text in sql_tokens(sql)
    )


def _stem(name: str) -> str:
    return re.sub(r"__g[0-9]+$", "", name.lower())


def _number(table: str) -> int:
    found = re.search(r"__g([0-9]+)$", table)
    return 0 if found is None else int(found[1])


def _rename(connection: sqlite3.Connection, old: str, new: str) -> None:
    run_ddl(connection, f'ALTER TABLE "{old}" RENAME TO "{new}"')


def _exists(connection: sqlite3.Connection, table: str) -> bool:
    found = connection.execute("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = ?", (table,)).fetchone()
    return found is not None
