"""Why a view does not move: since when, what comes next, who should advance it, and what to do."""

import shlex
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from duolog.admin.projection_status import ProjectionStatus, ShareStatus
from duolog.database.examination import Examination, Level
from duolog.errors import UndecodableEventError
from duolog.eventstore.port import EventStore
from duolog.messages.envelope import RecordedEvent
from duolog.subscriptions.generations import Role
from duolog.subscriptions.members import Work

RUN: Final = "Start the application with `duolog run`."
_AHEAD: Final = 500
"""So many events after a view's position are looked at; a runner reads as many at a time."""
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)

Decode = Callable[[RecordedEvent], object]
Members = Mapping[Work, Sequence[str]]


@dataclass(frozen=True, slots=True)
class Standstill:
    """A share that lags behind the log, and is where it was a while ago.

    Attributes:
        share: where it is.
        following: the event of the log behind that; None if readers do not get it yet.
        unknown: the first event there that the code does not know; None if it knows them, or is not at hand.
    """

    share: ShareStatus
    following: RecordedEvent | None
    unknown: RecordedEvent | None

    @property
    def since(self) -> datetime | None:
        """Since when it could have moved: it moved last, or what it lacks was recorded; None if nobody knows."""
        recorded = None if self.following is None else _EPOCH + timedelta(microseconds=self.following.recorded_at)
        return max((each for each in (self.share.updated_at, recorded) if each is not None), default=None)


async def standstills(
    before: Sequence[ShareStatus], now: Sequence[ShareStatus], store: EventStore, decode: Decode | None
) -> Sequence[Standstill]:
    """Return the shares of one generation that have not moved, although they lag.

    Args:
        before: where they were.
        now: where they are.
        store: the log.
        decode: raises `UndecodableEventError` of an event that the code does not know; None if there is no code.

    Raises:
        DatabaseError: the log could not be read.
    """
    were = {each.buckets: each.position for each in before}
    found: list[Standstill] = []
    for share in now:
        if share.lag and were.get(share.buckets) == share.position:
            events = (await store.read_all(after=share.position, limit=_AHEAD)).events
            unknown = next((each for each in events if decode is not None and _is_unknown(each, decode)), None)
            found.append(Standstill(share, events[0] if events else None, unknown))
    return found


def explain(
    status: ProjectionStatus,
    stands: Standstill,
    members: Members,
    now: datetime,
    *,
    run: str = RUN,
    is_materialized: bool = False,
) -> Examination:
    """Say why a share stands still, and what to do.

    Args:
        status: its view's.
        stands: the share.
        members: who works on what.
        now: the time.
        run: advice where somebody has to be started.
        is_materialized: it is a materialized view, and what it reads is not known.
    """
    share = stands.share
    level = Level.FAULT if status.role == Role.LIVE.value else Level.RISK  # queries have the live view meanwhile
    since = "" if stands.since is None else f" since {at(stands.since)}"
    behind = f"it stands still at {share.position}{since}, {share.lag} positions behind the log"
    if stands.following is None:
        found = f"{behind}; readers do not get what comes next, because somebody who appends has not ended"
        advice = "`appenders` names who, if it has lasted for 5 seconds; when that has ended, the projection goes on."
        return Examination(subject(status, share), level, found, advice)
    if stands.unknown is not None:
        what = f"{stands.unknown.type!r} of schema version {stands.unknown.schema_version}"
        found = f"{behind}; the code does not know {what} at {stands.unknown.position}, so it waits for a newer release"
        advice = "Go on deploying the release that recorded it. If none comes within a minute, the event is parked."
        return Examination(subject(status, share), level, found, advice)
    if share.owner is None:
        return Examination(subject(status, share), level, f"{behind}; {_who_is_there(status, members)}", run)
    if not is_held(share, now):
        return Examination(subject(status, share), level, f"{behind}; {dead(share)}", run)
    if is_materialized:
        found = f"{behind}, although {share.owner} owns it: it waits for what it reads, or its refresh fails"
        advice = "Give the application, too, to be told what it waits for; its log says why one fails."
        return Examination(subject(status, share), level, found, advice)
    following = f"next is {stands.following.type!r} at {stands.following.position}"
    found = (
        f"{behind}, although {share.owner} owns it: it fails again and again, or a handler does not end; {following}"
    )
    advice = (
        "Its log says why it fails (logger `duolog.subscriptions`); if it does not, see what a handler waits for: "
        "`locks` names sessions that others wait for."
    )
    return Examination(subject(status, share), level, found, advice)


def waits_for(status: ProjectionStatus, sources: Sequence[ProjectionStatus]) -> Examination | None:
    """Say that a materialized view stands still because something that it reads is no further; None if all are.

    Args:
        status: the view's.
        sources: of what it reads.
    """
    behind = [each for each in sources if each.role == Role.LIVE.value and each.position <= status.position]
    if not behind:
        return None
    names = ", ".join(f"{each.name} ({'paused' if each.paused_since else f'at {each.position}'})" for each in behind)
    stands = f"it stands at {status.position}, {status.lag} positions behind the log"
    resume = [f"`duolog projections resume {shlex.quote(each.name)}`" for each in behind if each.paused_since]
    after = "It goes on when that does: see what is said of it."
    advice = f"{' and '.join(resume)} lets it go on." if resume else after
    return Examination(subject(status), Level.RISK, f"{stands}: it waits for what it reads, {names}", advice)


def dead_owners(
    status: ProjectionStatus, now: datetime, *, but: Sequence[Standstill], run: str
) -> Iterator[Examination]:
    """Tell of owners that died, whose shares have moved or have nothing to do."""
    explained = {each.share.buckets for each in but}
    for share in status.shares:
        if share.owner is not None and not is_held(share, now) and share.buckets not in explained:
            yield Examination(subject(status, share), Level.RISK, dead(share), run)


def subject(status: ProjectionStatus, share: ShareStatus | None = None) -> str:
    """Name a projection; with a share of several, that too, and with a view that is not the live one, which."""
    parts = [f"projection {status.name}"]
    if status.role != Role.LIVE.value:
        parts.append(f"generation {status.generation} ({status.role})")
    if share is not None and len(status.shares) > 1:
        parts.append(f"buckets {share.buckets}")
    return ", ".join(parts)


def dead(share: ShareStatus) -> str:
    """Say that a share's owner is gone."""
    return f"its owner {share.owner} died: the lease expired at {at(share.leased_until)}"


def is_held(share: ShareStatus, now: datetime) -> bool:
    """Tell whether somebody holds a share at a time."""
    return share.leased_until is not None and share.leased_until > now


def at(moment: datetime | None) -> str:
    """Write a time as people read it."""
    return "an unknown time" if moment is None else f"{moment:%Y-%m-%d %H:%M:%S} UTC"


def gone(status: ProjectionStatus) -> str:
    """Say how to remove what is left of a projection that was taken out."""
    return f"If it was taken out, `duolog projections forget {shlex.quote(status.name)}` removes what is left of it."


def build(name: str) -> str:
    """Say how the view of an inline projection is built."""
    return f"`duolog projections build MODULE:ATTRIBUTE {shlex.quote(name)}` builds it."


def _is_unknown(event: RecordedEvent, decode: Decode) -> bool:
    try:
        decode(event)
    except UndecodableEventError as error:
        return error.is_unknown
    return False


def _who_is_there(status: ProjectionStatus, members: Members) -> str:
    """Say why nobody advances a projection, as far as those who work on it show."""
    there = {work.version: owners for work, owners in members.items() if work.subscription == status.name and owners}
    if status.version in there:
        return f"nobody advances it, although {', '.join(there[status.version])} could: the log there says why"
    if there:
        versions = ", ".join(f"{version} ({', '.join(owners)})" for version, owners in sorted(there.items()))
        return f"nobody advances it: the view is of version {status.version}, and processes run version {versions}"
    return "nobody advances it: no process that is alive works on it"
