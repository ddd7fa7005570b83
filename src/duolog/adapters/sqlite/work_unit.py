"""One sealed unit of work as the writer runs it: statements, conditions, appends; and what its failure means."""

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from duolog.adapters._sql.statements import run_statement
from duolog.adapters.sqlite.boundary_sql import first_unseen
from duolog.adapters.sqlite.event_rows import events_by_id
from duolog.adapters.sqlite.idempotency import claim_key, note_outcome
from duolog.adapters.sqlite.insertions import Insertion, event_row, insert_rows, recording_time
from duolog.adapters.sqlite.snapshots import save_snapshots
from duolog.adapters.sqlite.sql_files import load_sql
from duolog.errors import AppendConditionFailedError, ConstraintViolationError, IdempotencyKeyTakenError
from duolog.eventstore.appends import NOTHING_APPENDED, Append, Appended, check_appends, repeated_outcome
from duolog.eventstore.conditions import AppendCondition
from duolog.eventstore.expectations import NO_STREAM, Exactly, NoStream, check_expected
from duolog.eventstore.streams import partition_of
from duolog.write.sealed_work import SealedWork

_STREAM_VERSION: Final = load_sql("stream_version")
_INSERT_TAG: Final = load_sql("insert_tag")
_EVENTS: Final = "duolog_events"
_NOTHING_YET: Final = (NO_STREAM, Exactly(0))


@dataclass(frozen=True, slots=True)
class WorkUnit:
    """A sealed unit of work.

    Attributes:
        work: what is to be done.
        size: about how many bytes it writes.
        writes_once: whether it is one statement that writes; see `Unit`.
        insertion: the one event that it is; see `Unit`.
    """

    work: SealedWork
    size: int
    writes_once: bool
    insertion: Insertion | None

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
    lone = _lone_append(work)
    if lone is not None:
        return WorkUnit(work, _size(lone), writes_once=True, insertion=_insertion(lone, work.tenant))
    values = (value for statement in work.statements for value in statement.parameters.values())
    size = sum(_size(append) for append in work.appends)
    size += sum(len(snapshot.data) for snapshot in work.snapshots)
    size += len(work.idempotency.result) if work.idempotency is not None else 0
    size += sum(len(value) for value in values if isinstance(value, str | bytes))
    return WorkUnit(work, size, writes_once=False, insertion=None)


def _size(append: Append) -> int:
    return sum([len(event.data) + len(event.metadata) for event in append.events])


def _lone_append(work: SealedWork) -> Append | None:
    """Return the append, if one event without tags is all that is to be done."""
    if len(work.appends) != 1 or work.statements or work.conditions or work.snapshots or work.idempotency is not None:
        return None
    append = work.appends[0]
    return append if len(append.events) == 1 and not append.events[0].tags else None


def _insertion(append: Append, tenant: str) -> Insertion | None:
    match append.expected:
        case NoStream():
            return Insertion(tenant, append.stream, 0, append.events[0])
        case Exactly(version):
            return Insertion(tenant, append.stream, version, append.events[0])
        case _:
            return None  # the version that it gets has to be looked up


def _check_condition(connection: sqlite3.Connection, condition: AppendCondition) -> None:
    position = first_unseen(connection, condition)
    if position is not None:
        raise AppendConditionFailedError(key=str(condition.query), position=position)


def _append(connection: sqlite3.Connection, appends: Sequence[Append], tenant: str) -> Appended:
    now = recording_time()
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
            event_row(tenant, stream, at, event, partition=partition, now=now)
            for at, event in enumerate(append.events, start=version + 1)
        ]
        last = insert_rows(connection, rows)
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


def stream_version(connection: sqlite3.Connection, tenant: str, stream: str) -> int:
    """Return the version of a stream; 0 if it has no events."""
    row = connection.execute(_STREAM_VERSION, {"tenant": tenant, "stream": stream}).fetchone()
    return 0 if row is None else int(row[0])
