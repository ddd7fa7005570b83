"""Whether a database is well, and whether its projections move; each finding with what to do."""

import asyncio
import shlex
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Final

from duolog.admin.projection_status import ProjectionStatus, projection_statuses
from duolog.database.examination import Examination, Level
from duolog.database.port import Database
from duolog.errors import DuologError
from duolog.scheduling.command_schedule import Overdue
from duolog.subscriptions.members import Work

_RUN: Final = "Start the application with `duolog run`."
_SCHEDULE: Final = "scheduled commands"
_LATE: Final = 60.0
"""Seconds after which a due command should have been executed, or tried."""


async def diagnose(
    database: Database, *, views: Mapping[str, int] | None = None, patience: float = 1.0, quick: bool = False
) -> Sequence[Examination]:
    """Examine a database and its projections; nothing is written.

    Args:
        database: a database that is not open; it is closed again at the end.
        views: versions of the code's projections by name; None if the code is not at hand.
        patience: how long a projection that lags behind may stay where it is, in seconds.
        quick: leave out what takes long with a large database.
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
        statuses = await projection_statuses(database)
        if any(status.lag for status in statuses):
            await asyncio.sleep(patience)
            before = {status.name: status for status in statuses}
            statuses = await projection_statuses(database)
        else:
            before = {}
        members = (await database.shares.survey()).members
        now = datetime.now(UTC)
        for status in statuses:
            if views is not None and status.name not in views and not status.is_owned(now):
                found.append(_left_over(status))
            else:
                found += _projection(status, before.get(status.name), now, members, is_known=views is not None)
        if views is not None:
            found += _versions(statuses, views)
        found += _scheduled(await database.schedule.overdue(seconds=_LATE))
    finally:
        await database.close()
    return found


def _projection(
    status: ProjectionStatus,
    before: ProjectionStatus | None,
    now: datetime,
    members: Mapping[Work, Sequence[str]],
    *,
    is_known: bool,
) -> Iterator[Examination]:
    subject = f"projection {status.name}"
    # Without the code nobody can tell a projection that stands still from one that was taken out.
    run = _RUN if is_known else f"{_RUN} {_gone(status)}"
    if status.parked:
        advice = "`duolog parked list` shows why; `duolog parked retry` applies them again after a repair."
        advice = advice if is_known or status.is_owned(now) else f"{advice} {_gone(status)}"
        yield Examination(subject, Level.FAULT, _parked(status), advice)
    if status.paused_since is not None:
        found = f"{status.paused_by} has paused it at {status.paused_since:%Y-%m-%d %H:%M:%S} UTC"
        behind = f"it stands at {status.position}, {status.lag} positions behind the log"
        advice = f"`duolog projections resume {shlex.quote(status.name)}` lets it go on."
        yield Examination(subject, Level.RISK, f"{found}; {behind}", advice)
        return
    stands = before is not None and before.position == status.position and status.lag > 0
    behind = f"it stands still at {status.position}, {status.lag} positions behind the log"
    if status.owner is not None and not status.is_owned(now):
        level = Level.FAULT if stands else Level.RISK
        text = f"its owner {status.owner} died: the lease expired at {status.leased_until:%Y-%m-%d %H:%M:%S} UTC"
        yield Examination(subject, level, f"{behind}; {text}" if stands else text, run)
    elif stands and status.owner is None:
        yield Examination(subject, Level.FAULT, f"{behind}; {_who_is_there(status, members)}", run)
    elif stands:
        found = f"{behind}, although {status.owner} owns it: it fails again and again, or a handler does not end"
        advice = (
            "Its log says why it fails (logger `duolog.subscriptions`); if it does not, see what a handler waits for."
        )
        yield Examination(subject, Level.FAULT, found, advice)
    elif not status.parked:
        yield Examination(subject, Level.WELL, f"version {status.version} at {status.position}")


def _who_is_there(status: ProjectionStatus, members: Mapping[Work, Sequence[str]]) -> str:
    """Say why nobody advances a projection, as far as those who work on it show."""
    there = {work.version: owners for work, owners in members.items() if work.subscription == status.name and owners}
    if status.version in there:
        return f"nobody advances it, although {', '.join(there[status.version])} could: the log there says why"
    if there:
        versions = ", ".join(f"{version} ({', '.join(owners)})" for version, owners in sorted(there.items()))
        return f"nobody advances it: the view is of version {status.version}, and processes run version {versions}"
    return "nobody advances it: no process that is alive works on it"


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
        advice = f"{_RUN} If it runs: it handles no command of that name, they wait behind a refused one of their key, "
        yield Examination(_SCHEDULE, Level.FAULT, found, f"{advice}or there are more than it gets done.")


def _left_over(status: ProjectionStatus) -> Examination:
    found = "the application has no such projection" + (f"; {_parked(status)}" if status.parked else "")
    advice = f"{_gone(status)} Else add it to Application(projections=[...])."
    return Examination(f"projection {status.name}", Level.RISK, found, advice)


def _gone(status: ProjectionStatus) -> str:
    return f"If it was taken out, `duolog projections forget {shlex.quote(status.name)}` removes what is left of it."


def _parked(status: ProjectionStatus) -> str:
    return f"{status.parked} events are parked" if status.parked > 1 else "1 event is parked"


def _versions(statuses: Sequence[ProjectionStatus], views: Mapping[str, int]) -> Iterator[Examination]:
    built = {status.name: status.version for status in statuses}
    for name, version in views.items():
        subject = f"projection {name}"
        if name not in built:
            yield Examination(subject, Level.RISK, "it has never run on this database", _RUN)
        elif built[name] != version:
            found = f"the view is of version {built[name]}, the code of version {version}"
            yield Examination(subject, Level.FAULT, found, f"{_RUN} It builds the view anew from the first event.")
