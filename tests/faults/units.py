"""Reads back what `tests.faults.writer` wrote."""

import json
import sqlite3
import time
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

from duolog.adapters.sqlite import open_database
from duolog.ids import uuid7
from duolog.messages.envelope import NewEvent
from tests.faults.experiment import Experiment

_WHOLE = ["left", "right"]


def stored_units(path: Path, experiment: Experiment) -> list[str]:
    """Check a database file with plain SQLite and return the units in it; what is wrong with it is noted."""
    with closing(sqlite3.connect(path)) as connection:
        try:
            integrity = connection.execute("PRAGMA integrity_check").fetchall()
            rows = connection.execute(
                "SELECT stream, version, data FROM duolog_events WHERE type = 'unit.written' ORDER BY position"
            ).fetchall()
        except sqlite3.DatabaseError as error:
            experiment.violations.append(f"the database is damaged: {error}")
            return []
    experiment.expect(integrity == [("ok",)], f"the database is damaged: {integrity[:3]}")
    return checked_units(rows, experiment)


def checked_units(rows: Sequence[tuple[str, int, str | bytes]], experiment: Experiment) -> list[str]:
    """Return the units of events (stream, version, data) in the log's order; half units and gaps are noted."""
    sides: dict[str, list[str]] = {}
    versions: dict[str, int] = {}
    for stream, version, data in rows:
        sides.setdefault(json.loads(data)["unit"], []).append(stream.partition("-")[0])
        versions[stream] = versions.get(stream, 0) + 1
        experiment.expect(version == versions[stream], f"{stream} has version {version} at place {versions[stream]}")
    halves = [unit for unit, found in sides.items() if len(found) < len(_WHOLE)]
    experiment.expect(not halves, f"halves of units are there: {halves[:3]}")
    return [unit for unit, found in sides.items() for _ in range(max(1, len(found) // len(_WHOLE)))]


async def recover(path: Path, experiment: Experiment, *, since: float | None = None) -> None:
    """Open a database with duolog and append to it, and note how long that takes from ``since``, or from now."""
    begin = time.monotonic() if since is None else since
    database = open_database(f"sqlite:///{path}")
    try:
        await database.open()
        await database.store.append("recovery-1", [NewEvent(uuid7(), "recovered", 1, b"{}")])
    finally:
        await database.close()
    experiment.recoveries.append(time.monotonic() - begin)
