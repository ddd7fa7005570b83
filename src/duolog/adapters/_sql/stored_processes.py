"""Between running processes and what is stored of them, and SQLite's table of them."""

import sqlite3
from collections.abc import Collection, Iterable
from typing import Any, Final
from uuid import UUID

import msgspec

from duolog.adapters._sql.sql_files import load_sql
from duolog.process_managers.states import Place, StoredProcess
from duolog.scheduling.scheduled_command import ScheduledId
from duolog.tables.statements import Statement

_READ: Final = load_sql("read_process")
_INSERT: Final = load_sql("insert_process")
_UPDATE: Final = load_sql("update_process")
_DELETE: Final = load_sql("delete_process")
_NOTE_BEGINNING: Final = load_sql("note_beginning")
_READ_BEGINNING: Final = load_sql("read_beginning")
_encoder: Final = msgspec.json.Encoder(order="sorted")
_decoder: Final = msgspec.json.Decoder(dict[str, UUID])


def writing(before: StoredProcess, after: StoredProcess, now: int) -> Statement:
    """Return the statement of `ProcessStates.writing`; ``now`` is microseconds since 1970."""
    if after.is_over:
        return Statement(_DELETE, {**_place_of(after), "before": before.stamp}, rows=1, key=conflict_key(after))
    values = {**_place_of(after), **written_values(after), "now": now}
    if not before.stamp:
        return Statement(_INSERT, values, rows=1, key=conflict_key(after))
    return Statement(_UPDATE, {**values, "before": before.stamp}, rows=1, key=conflict_key(after))


def read(connection: sqlite3.Connection, process: str, places: Collection[Place]) -> dict[Place, StoredProcess]:
    """Return processes; see `ProcessStates.read`."""
    found: dict[Place, StoredProcess] = {}
    for tenant, key in places:
        row = connection.execute(_READ, {"process": process, "tenant": tenant, "key": key}).fetchone()
        if row is not None:
            found[tenant, key] = stored_process(process, tenant, key, row)
    return found


def beginning(connection: sqlite3.Connection, process: str) -> int | None:
    """Return where a process begins, or None; see `ProcessStates.beginning`."""
    row = connection.execute(_READ_BEGINNING, {"process": process}).fetchone()
    return None if row is None else int(row[0])


def begin(connection: sqlite3.Connection, process: str, position: int) -> int:
    """Note after which position a process manager begins; see `ProcessStates.begin`."""
    connection.execute(_NOTE_BEGINNING, {"process": process, "position": position})
    return int(connection.execute(_READ_BEGINNING, {"process": process}).fetchone()[0])


def stored_process(process: str, tenant: str, key: str, row: Iterable[Any]) -> StoredProcess:
    """Make a process of its stamp, version, state and deadlines."""
    stamp, version, state, deadlines = row
    scheduled = {name: ScheduledId(each) for name, each in _decoder.decode(deadlines).items()}
    data = None if state is None else state.encode()
    return StoredProcess(process, tenant, key, stamp, version, data, scheduled)


def written_values(process: StoredProcess) -> dict[str, Any]:
    """Return the values of a row beside its key."""
    return {
        "stamp": process.stamp,
        "version": process.version,
        "state": None if process.state is None else process.state.decode(),
        "deadlines": _encoder.encode(dict(process.deadlines)).decode(),
    }


def conflict_key(process: StoredProcess) -> str:
    """Return what those who write the same process at the same time fight over."""
    return f"{process.process}/{process.tenant}/{process.key}"


def _place_of(process: StoredProcess) -> dict[str, str]:
    return {"process": process.process, "tenant": process.tenant, "key": process.key}
