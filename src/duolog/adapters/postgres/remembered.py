"""What is remembered beside the events, as a log takes it along when it is moved."""

from collections.abc import AsyncGenerator, Callable, Sequence
from typing import Any, Final

from duolog.adapters._sql.moved_processes import (
    MovedProcess,
    beginning_of,
    command_columns,
    kept_process_of,
    process_columns,
)
from duolog.adapters.postgres.checkpoints import checkpoint_of, share_columns, stretch_of
from duolog.adapters.postgres.connecting import Connection
from duolog.adapters.postgres.connections import Connections
from duolog.adapters.postgres.generations import generation_of
from duolog.adapters.postgres.parking import parked_event_of
from duolog.adapters.postgres.scheduled_commands import scheduled_command
from duolog.adapters.postgres.snapshots import save_snapshots
from duolog.adapters.postgres.sql_files import load_sql
from duolog.database.transfer import KeptKey, KeptPause, KeptProcess, ProcessBeginning, Remembered, TenantSnapshot
from duolog.scheduling.scheduled_command import ScheduledCommand
from duolog.subscriptions.checkpoints import Checkpoint
from duolog.subscriptions.generations import Generation, Role
from duolog.subscriptions.parking import ParkedEvent
from duolog.subscriptions.pauses import Pause
from duolog.subscriptions.processed import Stretch
from duolog.write.idempotency import IdempotencyRecord, IdempotencyScope, StoredAnswer, decode_outcome, encode_outcome
from duolog.write.snapshots import StoredSnapshot

_PAGE: Final = 500


async def remembered_pages(connections: Connections) -> AsyncGenerator[Sequence[Remembered], None]:
    """Yield what is remembered, a page at a time; see `LogTransfer.remembered`."""
    schema = connections.location.schema
    generations = [generation_of(row) for row in await connections.fetch(load_sql("read_generations", schema), None)]
    yield [each for each in generations if each.role is Role.LIVE]
    yield [checkpoint_of(row) for row in await connections.fetch(load_sql("live_checkpoints", schema))]
    yield [stretch_of(row) for row in await connections.fetch(load_sql("live_stretches", schema))]
    yield [_pause(row) for row in await connections.fetch(load_sql("read_pauses", schema))]
    for name, make, key, first in (
        ("beginnings_page", beginning_of, (0,), ("",)),
        ("processes_page", kept_process_of, (0, 1, 2), ("", "", "")),
        ("scheduled_commands_page", _command, (15,), (0,)),
        ("parked_page", parked_event_of, (0, 4), ("", 0)),
        ("snapshots_page", _snapshot, (0, 1), ("", "")),
        ("idempotency_page", _key, (0, 1, 2, 3), ("", "", "", "")),
    ):
        async for page in _pages(connections, load_sql(name, schema), make, key, first):
            yield page


async def receive_remembered(connection: Connection, schema: str, page: Sequence[Remembered]) -> None:
    """Record what another database remembers, in the open transaction."""
    rows: dict[str, list[tuple[object, ...]]] = {}
    for each in page:
        match each:
            case Generation(name, number, version, role, since, tables):
                generation = (name, number, version, role.value, since, list(tables))
                rows.setdefault("receive_generation", []).append(generation)
            case Checkpoint(share, version, position, _, updated_at, changes, counted_after, processed):
                moved = (version, position, updated_at, changes, counted_after, processed.count, processed.digest)
                rows.setdefault("receive_checkpoint", []).append((*share_columns(share), *moved))
            case Stretch(share, after, through, processed):
                counted = (after, through, processed.count, processed.digest)
                rows.setdefault("receive_stretch", []).append((*share_columns(share), *counted))
            case KeptPause() | ProcessBeginning() | KeptProcess() | ScheduledCommand():
                sql, columns = _row(each)
                rows.setdefault(sql, []).append(columns)
            case ParkedEvent(name, tenant, key, position, kind, reason, error, traceback, at, number):
                parked = (name, number, tenant, key, position, kind, reason.value, error, traceback, at)
                rows.setdefault("receive_parked", []).append(parked)
            case TenantSnapshot(tenant, snapshot):
                await save_snapshots(connection, schema, (snapshot,), tenant)
            case KeptKey(record, answer, recorded_at):
                scope = (record.scope.tenant, record.scope.actor, record.scope.operation)
                stored = (answer.fingerprint, answer.result, encode_outcome(answer.outcome), answer.shown)
                rows.setdefault("receive_idempotency_key", []).append((*scope, record.key, *stored, recorded_at))
    for name, values_of_rows in rows.items():
        await connection.executemany(load_sql(name, schema), values_of_rows)


def _row(each: KeptPause | MovedProcess) -> tuple[str, tuple[object, ...]]:
    match each:
        case KeptPause(name, pause):
            return "receive_pause", (name, pause.by, pause.since)
        case ProcessBeginning(name, position):
            return "receive_beginning", (name, position)
        case KeptProcess():
            return "receive_process", process_columns(each)
        case ScheduledCommand():
            return "receive_scheduled_command", (each.id, *command_columns(each))


async def _pages(
    connections: Connections, sql: str, make: Callable[[Any], Remembered], key: Sequence[int], first: Sequence[Any]
) -> AsyncGenerator[Sequence[Remembered], None]:
    place = first
    while rows := await connections.fetch(sql, *place, _PAGE):
        yield [make(row) for row in rows]
        place = [rows[-1][column] for column in key]


def _command(row: Any) -> ScheduledCommand:
    return scheduled_command(tuple(row)[:-1])


def _pause(row: Any) -> KeptPause:
    subscription, by, since = row
    return KeptPause(subscription, Pause(by, since))


def _snapshot(row: Any) -> TenantSnapshot:
    tenant, *columns = row
    return TenantSnapshot(tenant, StoredSnapshot(*columns))


def _key(row: Any) -> KeptKey:
    tenant, actor, operation, key, fingerprint, result, outcome, shown, recorded_at = row
    record = IdempotencyRecord(IdempotencyScope(tenant, actor, operation), key, fingerprint, result)
    return KeptKey(record, StoredAnswer(fingerprint, result, decode_outcome(outcome), shown), recorded_at)
