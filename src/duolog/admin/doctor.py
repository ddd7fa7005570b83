"""Whether a database is well, and whether its projections move; each finding with what to do."""

import asyncio
import shlex
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Final

from duolog.admin.projection_status import ProjectionStatus, generation_statuses
from duolog.admin.standstill import (
    RUN,
    Decode,
    Members,
    Standstill,
    at,
    build,
    dead_owners,
    explain,
    gone,
    standstills,
    subject,
    waits_for,
)
from duolog.admin.stored_kinds import StoredKind, stored_kind
from duolog.database.examination import Examination, Level
from duolog.database.port import Database
from duolog.database.replicas import Replicas
from duolog.errors import DuologError
from duolog.eventstore.filters import EventFilter
from duolog.scheduling.command_schedule import Overdue
from duolog.subscriptions.generations import Role
from duolog.subscriptions.parking import ParkedEvent

_SCHEDULE: Final = "scheduled commands"
_LATE: Final = 60.0
"""Seconds after which a due command should have been executed, or tried."""


async def diagnose(
    database: Database,
    *,
    views: Mapping[str, int] | None = None,
    decode: Decode | None = None,
    delays: Mapping[str, float] = MappingProxyType({}),
    reads: Mapping[str, Sequence[str]] = MappingProxyType({}),
    inline: Mapping[str, EventFilter] = MappingProxyType({}),
    patience: float = 1.0,
    quick: bool = False,
    replicas: Replicas | None = None,
) -> Sequence[Examination]:
    """Examine a database and its projections; nothing is written.

    Args:
        database: a database that is not open; it is closed again at the end.
        views: versions of the code's projections by name; None if the code is not at hand.
        decode: decodes an event, or raises `UndecodableEventError`; None if the code is not at hand.
        reads: by name of materialized views, the names of what they read.
        inline: by name of the code's inline projections, the events that they show.
        delays: by name of materialized views, how long they may lag behind, in seconds.
        patience: how long a projection that lags behind may stay where it is, in seconds.
        quick: leave out what takes long with a large database.
        replicas: of the database, which are not open; None if there are none, or they are not known.
    """
    found = list(await database.examine(quick=quick))
    if any(each.level is Level.FAULT and each.subject in {"database", "schema"} for each in found):
        return found  # it cannot be opened
    try:
        await database.open(read_only=True)
    except DuologError as error:
        return [
            *found,
            Examination("database", Level.FAULT, error.message, error.hint or "Check that it is reachable."),
        ]
    try:
        statuses = await _worked_on(database)
        before = statuses
        if any(status.lag for status in statuses):
            await asyncio.sleep(patience)
            statuses = await _worked_on(database)
        were = {(each.name, each.generation): each.shares for each in before}
        members = (await database.shares.survey()).members
        now = datetime.now(UTC)
        for status in statuses:
            parked = next(iter(await _first_parked(database, status)), None)
            if views is not None and status.name not in views and not status.is_owned(now):
                found.append(_left_over(status, parked))
                continue
            if status.inline and (unbuilt := await _unbuilt(database, status)):
                found.append(unbuilt)
                continue
            there = were.get((status.name, status.generation), ())
            is_due = status.name not in delays or status.lag_seconds > delays[status.name]
            stands = await standstills(there, status.shares, database.store, decode) if is_due else ()
            sources = [each for each in statuses if each.name in reads.get(status.name, ())]
            if status.paused_since is None and stands and (waits := waits_for(status, sources)):
                found.append(waits)
                continue
            kind = await stored_kind(database, status.name) if stands and views is None else None
            found += _projection(status, stands, parked, now, members, is_known=views is not None, kind=kind)
        if views is not None:
            never = await _never_built(database, statuses, views, inline)
            found += never.values()
            found += _versions(statuses, {name: version for name, version in views.items() if name not in never})
        found += _scheduled(await database.schedule.overdue(seconds=_LATE))
        if replicas is not None:
            found += await replicas.examine()
    finally:
        await database.close()
    return found


async def _worked_on(database: Database) -> Sequence[ProjectionStatus]:
    roles = {Role.LIVE.value, Role.SHADOW.value}
    return [each for each in await generation_statuses(database) if each.role in roles]


async def _first_parked(database: Database, status: ProjectionStatus) -> Sequence[ParkedEvent]:
    if not status.parked:
        return ()
    return await database.parking.read(status.name, generation=status.generation, limit=1)


def _projection(
    status: ProjectionStatus,
    stands: Sequence[Standstill],
    parked: ParkedEvent | None,
    now: datetime,
    members: Members,
    *,
    is_known: bool,
    kind: StoredKind | None,
) -> Iterator[Examination]:
    # Without the code nobody can tell a projection that stands still from one that was taken out.
    is_materialized = kind is StoredKind.MATERIALIZED
    run = RUN if is_known else f"{RUN} {gone(status)}"
    if parked is not None:
        advice = "`duolog parked list` shows why; `duolog parked retry` applies them again after a repair."
        advice = advice if is_known or status.is_owned(now) else f"{advice} {gone(status)}"
        yield Examination(subject(status), Level.FAULT, _parked(status, parked), advice)
    if status.paused_since is not None:
        found = f"{status.paused_by} has paused it at {at(status.paused_since)}"
        behind = f"it stands at {status.position}, {status.lag} positions behind the log"
        advice = f"`duolog projections resume {shlex.quote(status.name)}` lets it go on."
        yield Examination(subject(status), Level.RISK, f"{found}; {behind}", advice)
        return
    troubles = [
        *(explain(status, each, members, now, run=run, is_materialized=is_materialized) for each in stands),
        *dead_owners(status, now, but=stands, run=run),
    ]
    yield from troubles
    if not troubles and parked is None:
        yield Examination(subject(status), Level.WELL, f"version {status.version} at {status.position}")


def _scheduled(overdue: Overdue) -> Iterator[Examination]:
    if overdue.failed:
        found = "1 command was refused" if overdue.failed == 1 else f"{overdue.failed} commands were refused"
        advice = "`duolog scheduled list --state failed` shows why; `duolog scheduled retry` or `skip` each of them."
        yield Examination(_SCHEDULE, Level.FAULT, found, advice)
    if overdue.waiting:
        since = datetime.fromtimestamp(overdue.since / 1_000_000, UTC)
        count = "1 command is" if overdue.waiting == 1 else f"{overdue.waiting} commands are"
        found = f"{count} overdue, the longest since {since:%Y-%m-%d %H:%M:%S} UTC"
        found += f"; what failed last: {overdue.error}" if overdue.error else ""
        advice = f"{RUN} If it runs: it handles no command of that name, they wait behind a refused one of their key, "
        yield Examination(_SCHEDULE, Level.FAULT, found, f"{advice}or there are more than it gets done.")


def _left_over(status: ProjectionStatus, parked: ParkedEvent | None) -> Examination:
    found = "the application has no such projection" + (f"; {_parked(status, parked)}" if parked else "")
    advice = f"{gone(status)} Else add it to Application(projections=[...])."
    return Examination(subject(status), Level.RISK, found, advice)


def _parked(status: ProjectionStatus, first: ParkedEvent) -> str:
    count = f"{status.parked} events are parked" if status.parked > 1 else "1 event is parked"
    since = at(datetime.fromtimestamp(first.parked_at / 1_000_000, UTC))
    return f"{count}, the first since {since}: {first.type!r} at {first.position} ({first.reason.value})"


async def _unbuilt(database: Database, status: ProjectionStatus) -> Examination | None:
    """Say that an inline view does not show the log, whatever its checkpoint says: nobody else would see it."""
    generations = await database.generations.read(status.name)
    for generation in generations:
        if generation.number == status.generation:
            there = {each.name for each in await database.stored_tables(generation)}
            if missing := [name for name in generation.tables if name not in there]:
                found = f"its table {', '.join(missing)} is missing: commands that raise its events fail"
                return Examination(subject(status), Level.FAULT, found, build(status.name))
    if len(status.shares) > 1:
        found = "it was divided, and commands that raise its events fail: an inline view has one share"
        return Examination(subject(status), Level.FAULT, found, build(status.name))
    return None


async def _never_built(
    database: Database,
    statuses: Sequence[ProjectionStatus],
    views: Mapping[str, int],
    inline: Mapping[str, EventFilter],
) -> Mapping[str, Examination]:
    """Say by name which inline views of this version were never built; a start builds one that has nothing to show."""
    built = {status.name: status.version for status in statuses if status.role == Role.LIVE.value and status.inline}
    found: dict[str, Examination] = {}
    for name, wanted in inline.items():
        if built.get(name, 0) < views[name] and (await database.store.read_all(limit=1, filter=wanted)).events:
            what = f"the view of version {views[name]} was never built, and the log has events for it"
            found[name] = Examination(
                f"projection {name}", Level.FAULT, f"{what}: the application does not start", build(name)
            )
    return found


def _versions(statuses: Sequence[ProjectionStatus], views: Mapping[str, int]) -> Iterator[Examination]:
    built = {status.name: status.version for status in statuses if status.role == Role.LIVE.value}
    shadows = {(status.name, status.version): status for status in statuses if status.role == Role.SHADOW.value}
    for name, version in views.items():
        about = f"projection {name}"
        found = f"the view is of version {built.get(name)}, the code of version {version}"
        if name not in built:
            yield Examination(about, Level.RISK, "it has never run on this database", RUN)
        elif built[name] > version:
            advice = f"A newer release has built it. Deploy that, or `duolog projections rollback {shlex.quote(name)}`."
            yield Examination(about, Level.FAULT, found, advice)
        elif built[name] < version and (shadow := shadows.get((name, version))) is not None:
            beside = f"{found}, which builds its own beside it: at {shadow.position}, {shadow.lag} behind the log"
            advice = "It takes its place when it has caught up; `duolog projections status` shows how far it is."
            yield Examination(about, Level.RISK, beside, advice)
        elif built[name] < version:
            advice = f"{RUN} It builds another view beside this one, and switches when that has caught up."
            yield Examination(about, Level.FAULT, found, advice)
