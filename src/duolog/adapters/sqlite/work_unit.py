"""One sealed unit of work as the writer runs it: statements, conditions, appends; and what its failure means."""

import json
import sqlite3
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from duolog.adapters._sql.statements import run_statement
from duolog.adapters.sqlite.boundary_sql import first_unseen
from duolog.adapters.sqlite.event_rows import events_by_id
from duolog.adapters.sqlite.idempotency import claim_key, note_outcome
from duolog.adapters.sqlite.snapshots import save_snapshots
from duolog.adapters.sqlite.sql_files import load_sql
from duolog.errors import AppendConditionFailedError, ConstraintViolationError, IdempotencyKeyTakenError
from duolog.eventstore.appends import NOTHING_APPENDED, Append, Appended, check_appends, repeated_outcome
from duolog.eventstore.conditions import AppendCondition
from duolog.eventstore.expectations import NO_STREAM, Exactly, check_expected
from duolog.eventstore.streams import partition_of
from duolog.write.sealed_work import SealedWork

_STREAM_VERSION: Final = load_sql("stream_version")
_INSERT_EVENT: Final = load_sql("insert_event")
_INSERT_TAG: Final = load_sql("insert_tag")
_NO_TAGS: Final = "[]"
_EVENTS: Final = "duolog_events"
_NOTHING_YET: Final = (NO_STREAM, Exactly(0))


@dataclass(frozen=True, slots=True)
class WorkUnit:
    """A sealed unit of work.

    Attributes:
        work: what is to be done.
        size: about how many bytes it writes.
        writes_once: whether it is one statement that writes; see `Unit`.
    """

    work: SealedWork
    size: int
    writes_once: bool

    def run(self, connection: sqlite3.Connection) -> Appended:
        """Claim the key, run the statements, check the conditions, append, and put the snapshots beside."""
        work = self.work
        if work.idempotency is not None:
            claim_key(connection, work.idempotency)
        for statement in work.statements:
            run_statement(connection, statement)
        for condition in work.conditions:
            _check_condition(connection, condition)
        if not work.appends:
            return NOTHING_APPENDED
        appended = _append(connection, work.appends, work.tenant)
        if work.snapshots:
            save_snapshots(connection, work.snapshots, work.tenant)
        if work.idempotency is not None:
            note_outcome(connection, work.idempotency, appended)
        return appended

    def explain(self, connection: sqlite3.Connection, error: Exception) -> Appended:
        """Return the first outcome if these very events are in the log already; otherwise raise the error.

        It is looked up only here, so that appends that succeed do not pay for it.
        """
        work = self.work
        if work.appends and not isinstance(error, IdempotencyKeyTakenError):
            ids = [event.event_id for append in work.appends for event in append.events]
            repeated = repeated_outcome(work.appends, events_by_id(connection, ids), work.tenant)
            if repeated is not None:
                if work.idempotency is not None:
                    claim_key(connection, work.idempotency, repeated)
                return repeated
        if isinstance(error, ConstraintViolationError) and error.table == _EVENTS:
            _check_versions(connection, work.appends, work.tenant)
        raise error


def work_unit(work: SealedWork) -> WorkUnit:
    """Check what can be checked without the log, and make the unit.

    Raises:
        StreamNameError: a stream's name is not of the form ``category-id``.
        PayloadError: an append has no events, or there are too many.
        EventIdReusedError: one event id stands twice.
    """
    if work.appends:
        check_appends(work.appends)
    size = sum(len(event.data) + len(event.metadata) for append in work.appends for event in append.events)
    size += sum(len(snapshot.data) for snapshot in work.snapshots)
    values = (value for statement in work.statements for value in statement.parameters.values())
    size += len(work.idempotency.result) if work.idempotency is not None else 0
    size += sum(len(value) for value in values if isinstance(value, str | bytes))
    return WorkUnit(work, size, _writes_once(work))


def _writes_once(work: SealedWork) -> bool:
    if len(work.appends) != 1 or len(work.appends[0].events) != 1 or work.appends[0].events[0].tags:
        return False
    return work == SealedWork(tenant=work.tenant, appends=work.appends)  # and nothing else, whatever work may hold


def _check_condition(connection: sqlite3.Connection, condition: AppendCondition) -> None:
    position = first_unseen(connection, condition)
    if position is not None:
        raise AppendConditionFailedError(key=str(condition.query), position=position)


def _append(connection: sqlite3.Connection, appends: Sequence[Append], tenant: str) -> Appended:
    now = time.time_ns() // 1_000  # an embedded database's clock is that of its machine
    versions: dict[str, int] = {}
    partitions: set[int] = set()
    first = last = 0
    for append in appends:
        stream = append.stream
        if stream not in versions and append.expected in _NOTHING_YET:
            version = 0  # version 1 is unique, so that the insert itself looks whether the stream exists
        else:
            version = versions[stream] if stream in versions else stream_version(connection, tenant, stream)
            check_expected(stream, append.expected, version)
        partition = partition_of(tenant, stream)
        rows = [
            (
                tenant,
                stream,
                at,
                event.event_id.bytes,
                event.type,
                event.schema_version,
                tags_text(event.tags),
                partition,
                event.data.decode(),
                event.metadata.decode(),
                now,
            )
            for at, event in enumerate(append.events, start=version + 1)
        ]
        last = _insert(connection, rows)
        begin = last - len(rows) + 1
        tags = [(tenant, tag, begin + at) for at, event in enumerate(append.events) for tag in event.tags]
        if tags:
            connection.executemany(_INSERT_TAG, tags)
        first = first or begin
        versions[stream] = version + len(rows)
        partitions.add(partition)
    return Appended(first, last, versions, frozenset(partitions))


def _check_versions(connection: sqlite3.Connection, appends: Sequence[Append], tenant: str) -> None:
    """Raise the conflict that a version which is there already stands for."""
    versions: dict[str, int] = {}
    for append in appends:
        stream = append.stream
        version = versions[stream] if stream in versions else stream_version(connection, tenant, stream)
        check_expected(stream, append.expected, version)
        versions[stream] = version + len(append.events)


def _insert(connection: sqlite3.Connection, rows: Sequence[tuple[object, ...]]) -> int:
    # Nobody else writes meanwhile, so AUTOINCREMENT gives the rows of one append positions without gaps.
    if len(rows) == 1:
        return int(connection.execute(_INSERT_EVENT, rows[0]).lastrowid or 0)
    connection.executemany(_INSERT_EVENT, rows)
    return int(connection.execute("SELECT last_insert_rowid()").fetchone()[0])


def stream_version(connection: sqlite3.Connection, tenant: str, stream: str) -> int:
    """Return the version of a stream; 0 if it has no events."""
    row = connection.execute(_STREAM_VERSION, {"tenant": tenant, "stream": stream}).fetchone()
    return 0 if row is None else int(row[0])


def tags_text(tags: Sequence[str]) -> str:
    """Return tags as they are stored."""
    return json.dumps(tags, ensure_ascii=False, separators=(",", ":")) if tags else _NO_TAGS
