"""What is remembered beside the events, as a log takes it along when it is moved."""

import sqlite3
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from typing import Any, Final

from duolog.adapters._sql import moved_processes
from duolog.adapters._sql.ddl import single_statements
from duolog.adapters.sqlite.checkpoints import checkpoint_of, stretch_of
from duolog.adapters.sqlite.generations import read_generations, write_generation
from duolog.adapters.sqlite.parking import parked_event_of
from duolog.adapters.sqlite.readers import Readers
from duolog.adapters.sqlite.snapshots import save_snapshots
from duolog.adapters.sqlite.sql_files import load_sql
from duolog.database.transfer import KeptKey, KeptPause, KeptProcess, ProcessBeginning, Remembered, TenantSnapshot
from duolog.scheduling.scheduled_command import ScheduledCommand
from duolog.subscriptions.checkpoints import Checkpoint
from duolog.subscriptions.generations import Generation, Role
from duolog.subscriptions.parking import ParkedEvent
from duolog.subscriptions.pauses import Pause
from duolog.subscriptions.processed import Stretch
from duolog.subscriptions.share import Share
from duolog.write.idempotency import IdempotencyRecord, IdempotencyScope, StoredAnswer, decode_outcome, encode_outcome
from duolog.write.snapshots import StoredSnapshot

_PAGE: Final = 500
_NUMBERS: Final = frozenset({"position", "number"})
_CHECKPOINTS: Final = load_sql("live_checkpoints")
_STRETCHES: Final = load_sql("live_stretches")
_PAUSES: Final = load_sql("read_pauses")
_PARKED: Final = load_sql("parked_page")
_SNAPSHOTS: Final = load_sql("snapshots_page")
_KEYS: Final = load_sql("idempotency_page")
_FORGET: Final = tuple(single_statements(load_sql("forget_remembered")))
_RECEIVE_CHECKPOINT: Final = load_sql("receive_checkpoint")
_RECEIVE_STRETCH: Final = load_sql("receive_stretch")
_RECEIVE_PAUSE: Final = load_sql("receive_pause")
_RECEIVE_PARKED: Final = load_sql("receive_parked")
_RECEIVE_KEY: Final = load_sql("receive_idempotency_key")


async def remembered_pages(readers: Readers) -> AsyncGenerator[Sequence[Remembered], None]:
    """Yield what is remembered, a page at a time; see `LogTransfer.remembered`."""
    generations = await readers.run(lambda connection: read_generations(connection, None))
    yield [each for each in generations if each.role is Role.LIVE]
    yield [checkpoint_of(row) for row in await readers.run(lambda on: on.execute(_CHECKPOINTS).fetchall())]
    yield [stretch_of(row) for row in await readers.run(lambda on: on.execute(_STRETCHES).fetchall())]
    yield [_pause(row) for row in await readers.run(lambda on: on.execute(_PAUSES).fetchall())]
    for sql, make, key in (
        (moved_processes.BEGINNINGS_PAGE, moved_processes.beginning_of, {"process": 0}),
        (moved_processes.PROCESSES_PAGE, moved_processes.kept_process_of, {"process": 0, "tenant": 1, "key": 2}),
        (moved_processes.COMMANDS_PAGE, moved_processes.command_of, {"number": 15}),
        (_PARKED, parked_event_of, {"subscription": 0, "position": 4}),
        (_SNAPSHOTS, _snapshot, {"tenant": 0, "stream": 1}),
        (_KEYS, _key, {"tenant": 0, "actor": 1, "operation": 2, "key": 3}),
    ):
        async for page in _pages(readers, sql, make, key):
            yield page


def forget_remembered(connection: sqlite3.Connection) -> None:
    """Drop all of it in the open transaction, and who may advance subscriptions."""
    for statement in _FORGET:
        connection.execute(statement)
    moved_processes.forget(connection)


def receive_remembered(connection: sqlite3.Connection, page: Sequence[Remembered]) -> None:
    """Record what another database remembers, in the open transaction."""
    for each in page:
        match each:
            case Generation():
                write_generation(connection, each)
            case Checkpoint(share, version, position, _, updated_at, changes, counted_after, processed):
                values = (version, position, updated_at, changes, counted_after, processed.count, processed.digest)
                connection.execute(_RECEIVE_CHECKPOINT, (*_columns(share), *values))
            case Stretch(share, after, through, processed):
                stretch = (after, through, processed.count, processed.digest)
                connection.execute(_RECEIVE_STRETCH, (*_columns(share), *stretch))
            case KeptPause(subscription, pause):
                connection.execute(_RECEIVE_PAUSE, (subscription, pause.by, pause.since))
            case ProcessBeginning() | KeptProcess() | ScheduledCommand():
                moved_processes.receive(connection, each)
            case ParkedEvent(name, tenant, key, position, kind, reason, error, traceback, at, generation):
                parked = (name, generation, tenant, key, position, kind, reason.value, error, traceback, at)
                connection.execute(_RECEIVE_PARKED, parked)
            case TenantSnapshot(tenant, snapshot):
                save_snapshots(connection, (snapshot,), tenant)
            case KeptKey(record, answer, recorded_at):
                scope = (record.scope.tenant, record.scope.actor, record.scope.operation)
                stored = (answer.fingerprint, answer.result.decode(), encode_outcome(answer.outcome), answer.shown)
                connection.execute(_RECEIVE_KEY, (*scope, record.key, *stored, recorded_at))


async def _pages(
    readers: Readers, sql: str, make: Callable[[Any], Remembered], key: Mapping[str, int]
) -> AsyncGenerator[Sequence[Remembered], None]:
    """Yield a table's rows by its key, which is given as column indexes by parameter."""
    place: dict[str, Any] = {name: 0 if name in _NUMBERS else "" for name in key}

    def read(connection: sqlite3.Connection) -> Sequence[tuple[Any, ...]]:
        return connection.execute(sql, {**place, "limit": _PAGE}).fetchall()

    while rows := await readers.run(read):
        yield [make(row) for row in rows]
        place = {name: rows[-1][column] for name, column in key.items()}


def _columns(share: Share) -> tuple[str, int, int, int]:
    return share.subscription, share.generation, share.buckets.lo, share.buckets.hi


def _pause(row: tuple[str, str, int]) -> KeptPause:
    subscription, by, since = row
    return KeptPause(subscription, Pause(by, since))


def _snapshot(row: tuple[str, str, int, str, int, bytes]) -> TenantSnapshot:
    return TenantSnapshot(row[0], StoredSnapshot(*row[1:]))


def _key(row: tuple[str, str, str, str, bytes, str, str, str | None, int]) -> KeptKey:
    tenant, actor, operation, key, fingerprint, result, outcome, shown, recorded_at = row
    encoded = result.encode()
    record = IdempotencyRecord(IdempotencyScope(tenant, actor, operation), key, fingerprint, encoded)
    return KeptKey(record, StoredAnswer(fingerprint, encoded, decode_outcome(outcome), shown), recorded_at)
