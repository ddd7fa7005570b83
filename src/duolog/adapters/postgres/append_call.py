"""Calling the append functions: commits into arrays, and what came back into an outcome for each commit."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Any, Final

from duolog.adapters.postgres.boundary_keys import stream_key
from duolog.adapters.postgres.commits import Commit
from duolog.adapters.postgres.connecting import Connection
from duolog.adapters.postgres.sql_files import load_sql
from duolog.eventstore.appends import NOTHING_APPENDED, Appended

CONDITION_PATIENCE: Final = "250ms"
"""So long a condition waits for those who are writing inside its boundary."""


class Verdict(IntEnum):
    """What became of a commit; the numbers are those of the append function."""

    RECORDED = 0
    REFUSED = 1
    CONDITION_FAILED = 2
    KEY_TAKEN = 3


@dataclass(frozen=True, slots=True)
class Decision:
    """What the database decided about one commit.

    Attributes:
        verdict: what became of it.
        appended: what was recorded; nothing unless it is `RECORDED`.
        heads: by stream, its version: before the commit if it was recorded, otherwise now.
        positions: of its events, in order; empty unless it is `RECORDED`.
        unseen: the position of the event that broke a condition, or 0.
        is_presumed: it was decided from versions that this process knew; others may have gone on since.
    """

    verdict: Verdict
    appended: Appended
    heads: dict[str, int]
    positions: tuple[int, ...] = ()
    unseen: int = 0
    is_presumed: bool = False


class AppendCalls:
    """The append functions of one log.

    Args:
        schema: where they are.
    """

    __slots__ = ("_batch", "_each", "_one")

    def __init__(self, schema: str) -> None:
        self._one = load_sql("append_one", schema)
        self._each = load_sql("append_each", schema)
        self._batch = load_sql("append_batch", schema)

    async def send(self, connection: Connection, commits: Sequence[Commit]) -> list[Decision]:
        """Send commits in one call, and return what became of each.

        Outside of a transaction the call is a transaction of its own, and committed when this returns.

        Raises:
            DRIVER_ERRORS: nothing was recorded, unless the connection was lost.
        """
        if all(map(is_single, commits)):
            if len(commits) == 1:
                return [await self._send_one(connection, commits[0])]
            return await self._send_each(connection, commits)
        row: Any = await connection.fetchrow(self._batch, *batch_values(commits))
        return _decisions(commits, row["outcomes"], row["heads"], row["places"], row["unseen"])

    async def _send_one(self, connection: Connection, commit: Commit) -> Decision:
        values = _single_row(commit)
        position, version = await connection.fetchval(self._one, *values, sorted(commit.shared))
        return _single_decision(commit, position, version - 1 if position else version)

    async def _send_each(self, connection: Connection, commits: Sequence[Commit]) -> list[Decision]:
        row: Any = await connection.fetchrow(self._each, *each_values(commits))
        return [
            _single_decision(commit, position, head)
            for commit, position, head in zip(commits, row["places"], row["heads"], strict=True)
        ]


def is_single(commit: Commit) -> bool:
    """Tell whether a commit is one event and nothing else, in its first attempt: the scalar form does."""
    work = commit.work
    return (
        len(commit.ids) == 1
        and not commit.attempts
        and not (work.conditions or work.snapshots or work.idempotency is not None)
    )


def each_values(commits: Sequence[Commit]) -> list[object]:
    """Return the values for ``append_each``, in the order of its parameters; each commit is a single event."""
    columns = list(zip(*map(_single_row, commits), strict=True))
    tenants, tags = columns[0], columns[6]
    if not any(tenants):
        columns[0] = ()
    columns[6] = tuple(map(array_text, tags)) if any(tags) else ()
    return [sorted(set[int]().union(*(commit.shared for commit in commits))), *columns]


def batch_values(commits: Sequence[Commit]) -> list[object]:
    """Return the values for ``append_batch``, in the order of its parameters."""
    streams = list[tuple[object, ...]]()
    events = list[tuple[Any, ...]]()
    conditions = list[tuple[object, ...]]()
    keys = list[tuple[Any, ...]]()
    snapshots = list[tuple[object, ...]]()
    arrivals = 0
    for number, commit in enumerate(commits, start=1):
        work, tenant = commit.work, commit.work.tenant
        for stream, part in commit.parts.items():
            partition = part.partition
            streams.append((number, tenant, stream, part.expected, partition, len(part.events)))
            events += [
                (
                    number, len(streams), nth, arrivals + place + 1, tenant, stream, event.event_id, event.type,
                    event.schema_version, array_text(event.tags), partition, event.data.decode(),
                    event.metadata.decode(),
                )
                for nth, (place, event) in enumerate(part.events, start=1)
            ]  # fmt: skip
        conditions += [
            (
                number, condition.tenant, condition.horizon, f"{{{','.join(map(str, condition.seen))}}}",
                array_text(item.types), array_text(item.tags),
            )
            for condition in work.conditions
            for item in condition.query.items
        ]  # fmt: skip
        record = work.idempotency
        if record is not None:
            scope = record.scope
            first, last = (arrivals + 1, arrivals + len(commit.ids)) if commit.ids else (None, None)
            keys.append(
                (
                    number, scope.tenant, scope.actor, scope.operation, record.key, record.fingerprint,
                    record.result, first, last,
                )
            )  # fmt: skip
        snapshots += [
            (number, tenant, each.stream, each.version, each.type, each.schema_version, each.data)
            # Of two of one stream the last one stays.
            for _, each in sorted({each.stream: each for each in work.snapshots}.items())
        ]
        arrivals += len(commit.ids)
    # Whoever else writes several streams or keys locks them in the same order, so that nobody waits in a circle.
    events.sort(key=lambda row: (row[4], row[5], row[2]))
    keys.sort(key=lambda row: row[1:5])
    return [
        len(commits),
        *_columns(_locks(commits), 2),
        CONDITION_PATIENCE,
        *_columns(streams, 6),
        *_columns(events, 13),
        *_columns(conditions, 6),
        *_columns(keys, 9),
        *_columns(snapshots, 7),
    ]


def array_text(values: Sequence[str]) -> str:
    """Return texts as the text of one array: arrays of arrays cannot have rows of different lengths."""
    if not values:
        return "{}"
    quoted = ('"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"' for value in values)
    return "{" + ",".join(quoted) + "}"


def _single_row(commit: Commit) -> tuple[Any, ...]:
    ((stream, part),) = commit.parts.items()
    ((_, event),) = part.events
    return (
        commit.work.tenant, stream, part.expected, event.event_id, event.type, event.schema_version, event.tags,
        part.partition, event.data.decode(), event.metadata.decode(),
    )  # fmt: skip


def _single_decision(commit: Commit, position: int, head: int) -> Decision:
    """Return what became of a single event; ``position`` is 0 if it was refused."""
    ((stream, part),) = commit.parts.items()
    heads = {stream: head}
    if not position:
        return Decision(Verdict.REFUSED, NOTHING_APPENDED, heads)
    appended = Appended(position, position, {stream: head + 1}, frozenset((part.partition,)))
    return Decision(Verdict.RECORDED, appended, heads, (position,))


def _locks(commits: Sequence[Commit]) -> list[tuple[object, ...]]:
    exclusive = set[int]().union(*(commit.exclusive for commit in commits))
    shared = set[int]().union(*(commit.shared for commit in commits))
    # Who lost a race for a stream takes turns with the others who did.
    fought = {
        stream_key(commit.work.tenant, stream) for commit in commits if commit.attempts for stream in commit.parts
    }
    return [(key, key in exclusive or key in fought) for key in sorted(shared | exclusive | fought)]


def _columns(rows: Sequence[tuple[object, ...]], width: int) -> list[object]:
    return list(zip(*rows, strict=True)) if rows else [()] * width


def _decisions(
    commits: Sequence[Commit],
    outcomes: Sequence[int],
    heads: Sequence[int],
    places: Sequence[int],
    unseen: Sequence[int],
) -> list[Decision]:
    decisions = list[Decision]()
    head, place = iter(heads), 0
    for commit, outcome, position in zip(commits, outcomes, unseen, strict=True):
        known = {stream: next(head) for stream in commit.parts}
        positions = tuple(places[place : place + len(commit.ids)])
        place += len(positions)
        verdict = Verdict(outcome)
        if verdict is not Verdict.RECORDED:
            decisions.append(Decision(verdict, NOTHING_APPENDED, known, unseen=position))
            continue
        appended = commit.appended(positions[0], positions[-1], known) if positions else NOTHING_APPENDED
        decisions.append(Decision(verdict, appended, known, positions))
    return decisions
