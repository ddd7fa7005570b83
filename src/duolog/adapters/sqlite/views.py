"""Making a view ready: its tables, generations and shares, from the beginning if it has another version."""

import sqlite3
import time
from collections.abc import Collection, Mapping, Sequence
from typing import Final

from duolog.adapters._sql.ddl import (
    check_empty,
    check_tables,
    create_missing,
    create_missing_indexes,
    drop_named,
    drop_tables,
    drop_views,
    missing_tables,
    single_statements,
)
from duolog.adapters._sql.generation_tables import stored_names, stored_tables
from duolog.adapters._sql.moved_processes import forget_process
from duolog.adapters._sql.swapping import create_view
from duolog.adapters.sqlite.checkpoints import read_live
from duolog.adapters.sqlite.generations import new_generation, read_generations, write_generation
from duolog.adapters.sqlite.sql_files import load_sql
from duolog.database.port import View
from duolog.database.view_states import check_droppable, check_live, is_current, owned_share
from duolog.errors import LeaseLostError
from duolog.subscriptions.checkpoints import Checkpoint
from duolog.subscriptions.generations import Generation, Role, live_of
from duolog.subscriptions.leases import Lease
from duolog.subscriptions.share import Buckets, Share

_READ_FENCES: Final = load_sql("read_fences")
_BEGIN_SHARE: Final = load_sql("begin_share")
_GREATEST: Final = load_sql("greatest_generation")
_DROP_GENERATION: Final = tuple(single_statements(load_sql("drop_generation")))


def prepare_view(connection: sqlite3.Connection, view: View, lease: Lease | None) -> list[Checkpoint]:
    """Do what `Database.prepare_view` says, in the open transaction."""
    check_tables(view.tables)
    parts = Buckets.parts(view.partitions)
    live = live_of(read_generations(connection, view.subscription))
    known = read_live(connection, view.subscription)
    owned = owned_share(known, lease)
    if owned is not None:
        _check_token(connection, owned)
    if live is not None and live.version != view.version:
        return known
    if is_current(known, missing_tables(connection, view.tables)):
        create_view(connection, view.tables, view.contents)
        if live is not None and live.tables != tuple(view.tables):
            write_generation(
                connection,
                Generation(live.subscription, live.number, live.version, live.role, live.since, (*view.tables,)),
            )
        return known
    if known and owned is None:
        return known
    if live is None:
        check_empty(connection, view.subscription, view.tables)
        if view.contents is not None:  # what is left of one that was forgotten may have other columns
            drop_tables(connection, view.tables)
    else:
        drop_tables(connection, dict.fromkeys((*live.tables, *view.tables)))
        _drop(connection, live)
    create_view(connection, view.tables, view.contents)
    create_missing_indexes(connection, view.indexes)
    drop_views(connection, view.dependants)
    create_missing(connection, view.dependants)
    _begin(connection, view, 1 if live is None else live.number, Role.LIVE, parts)
    return read_live(connection, view.subscription)


def create_shadow(connection: sqlite3.Connection, view: View) -> Generation:
    """Do what `Database.create_shadow` says, in the open transaction."""
    check_tables(view.tables)
    parts = Buckets.parts(view.partitions)
    shadow = check_live(view, read_generations(connection, view.subscription))
    if shadow is not None:
        return shadow
    greatest = connection.execute(_GREATEST, {"subscription": view.subscription}).fetchone()[0]
    number = int(greatest) + 1
    stored = stored_tables(view.tables, number)
    drop_tables(connection, stored)
    create_view(connection, stored, view.contents)
    return _begin(connection, view, number, Role.SHADOW, parts)


def drop_generation(connection: sqlite3.Connection, subscription: str, number: int) -> None:
    """Do what `Database.drop_generation` says, in the open transaction."""
    for generation in read_generations(connection, subscription):
        if generation.number == number:
            check_droppable(generation)
            drop_tables(connection, stored_names(generation))
            _drop(connection, generation)


def forget_view(
    connection: sqlite3.Connection, subscription: str, leases: Collection[Lease], tables: Sequence[str]
) -> None:
    """Do what `Database.forget_view` says, in the open transaction."""
    tokens = {lease.share.key: lease.token for lease in leases}
    for share, fence in _fences(connection, subscription):
        if tokens.get(share.key, 0) < fence:
            raise _taken_over(share)
    drop_named(connection, tables)
    forget_process(connection, subscription)
    for generation in read_generations(connection, subscription):
        if generation.role is not Role.LIVE:
            drop_tables(connection, stored_names(generation))
        _drop(connection, generation)


def create_tables(connection: sqlite3.Connection, tables: Mapping[str, str]) -> None:
    """Do what `Database.create_tables` says, in the open transaction."""
    check_tables(tables)
    create_missing(connection, tables)


def _begin(connection: sqlite3.Connection, view: View, number: int, role: Role, parts: Sequence[Buckets]) -> Generation:
    generation = new_generation(view.subscription, number, view.version, role, tuple(view.tables))
    write_generation(connection, generation)
    for buckets in parts:
        connection.execute(
            _BEGIN_SHARE,
            {
                "subscription": view.subscription,
                "generation": number,
                "lo": buckets.lo,
                "hi": buckets.hi,
                "version": view.version,
                "now": time.time_ns() // 1_000,
            },
        )
    return generation


def _drop(connection: sqlite3.Connection, generation: Generation) -> None:
    values = {"subscription": generation.subscription, "number": generation.number}
    for statement in _DROP_GENERATION:
        connection.execute(statement, values)


def _fences(connection: sqlite3.Connection, subscription: str) -> list[tuple[Share, int]]:
    rows = connection.execute(_READ_FENCES, {"subscription": subscription}).fetchall()
    return [(Share.of(*row[:4]), row[4]) for row in rows]


def _check_token(connection: sqlite3.Connection, lease: Lease) -> None:
    if lease.token < dict(_fences(connection, lease.subscription))[lease.share]:
        raise _taken_over(lease.share)


def _taken_over(share: Share) -> LeaseLostError:
    message = f"somebody else took {share} over meanwhile"
    return LeaseLostError(message)
