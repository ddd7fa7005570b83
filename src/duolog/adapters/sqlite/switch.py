"""Letting queries read another generation of a view, and making a loaded one ready for that."""

import sqlite3
import time
from dataclasses import replace
from typing import Final

from duolog.adapters._sql.table_switch import finish_tables, switch_tables
from duolog.adapters.sqlite.checkpoints import checkpoint_of, share_values
from duolog.adapters.sqlite.generations import read_generations, write_generation
from duolog.adapters.sqlite.sql_files import load_sql
from duolog.database.port import View
from duolog.database.view_states import check_caught_up, switched_pair
from duolog.subscriptions.checkpoints import Checkpoint
from duolog.subscriptions.generations import Generation, Role

_READ: Final = load_sql("generation_checkpoints")
_READ_LEASE: Final = load_sql("read_lease")
_WRITE_LEASE: Final = load_sql("write_lease")
_FENCE: Final = load_sql("fence_share")


def finish_load(connection: sqlite3.Connection, view: View, number: int) -> None:
    """Do what `Database.finish_load` says, in the open transaction."""
    live, generation = switched_pair(read_generations(connection, view.subscription), view, number)
    if generation is not live:
        finish_tables(connection, view.indexes, generation)


def switch_view(connection: sqlite3.Connection, view: View, number: int, *, accept_behind: bool) -> Generation:
    """Do what `Database.switch_view` says, in the open transaction."""
    live, target = switched_pair(read_generations(connection, view.subscription), view, number)
    if target is live:
        return live
    before, after = _checkpoints(connection, live), _checkpoints(connection, target)
    if not accept_behind:
        check_caught_up(before, after)
    switch_tables(connection, live, target, view.dependants)
    now = time.time_ns() // 1_000
    write_generation(connection, replace(live, role=Role.PREVIOUS, since=now))
    switched = replace(target, role=Role.LIVE, since=now)
    write_generation(connection, switched)
    for checkpoint in (*before, *after):
        _fence_off(connection, checkpoint)
    return switched


def _checkpoints(connection: sqlite3.Connection, generation: Generation) -> list[Checkpoint]:
    values = {"subscription": generation.subscription, "generation": generation.number}
    return [checkpoint_of(row) for row in connection.execute(_READ, values)]


def _fence_off(connection: sqlite3.Connection, checkpoint: Checkpoint) -> None:
    values = share_values(checkpoint.share)
    row = connection.execute(_READ_LEASE, values).fetchone()
    token = 1 + max(checkpoint.token, 0 if row is None else row[1])
    connection.execute(_WRITE_LEASE, {**values, "owner": "", "token": token, "expires_at": 0})
    connection.execute(_FENCE, {**values, "token": token})
