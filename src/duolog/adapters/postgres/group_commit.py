"""Group commit: while one transaction commits, the next gathers; each waiter gets its own outcome."""

import asyncio
import logging
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from duolog.adapters.postgres.append_call import AppendCalls, Decision, Verdict
from duolog.adapters.postgres.batch_pace import BatchPace
from duolog.adapters.postgres.commits import Commit
from duolog.adapters.postgres.connecting import Connection
from duolog.adapters.postgres.connections import Connections, closed
from duolog.adapters.postgres.errors import DRIVER_ERRORS, database_error, is_connection_lost, reported, sqlstate
from duolog.adapters.postgres.guarded_events import GuardedEvents
from duolog.adapters.postgres.in_flight import InFlight
from duolog.adapters.postgres.losers_turns import LosersTurns
from duolog.adapters.postgres.lost_sessions import LostSessions
from duolog.adapters.postgres.refusals import Refusals, lost_race
from duolog.errors import AppendConditionFailedError, DatabaseError, DuologError, OutcomeUnknownError
from duolog.eventstore.appends import NOTHING_APPENDED, Appended

MOST_COMMITS: Final = 256
MOST_EVENTS: Final = 2_000
MOST_BYTES: Final = 8 * 1024 * 1024
MOST_KEYS: Final = 256
MOST_WAITING: Final = 10_000
MOST_ATTEMPTS: Final = 50

_LOOK_AHEAD: Final = 1_024
_MOST_HEADS: Final = 10_000

# What one commit's content or rivals may cause: alone, each gets its own outcome. Anything else is the database's.
_PERSONAL: Final = ("22", "23", "40", "55P03", "54")

_log = logging.getLogger(__name__)


@dataclass(slots=True, eq=False)
class _Waiter:
    """A commit that somebody waits for.

    Attributes:
        commit: what is to be recorded.
        future: who waits.
    """

    commit: Commit
    future: asyncio.Future[Appended]


class GroupCommit:
    """Commits units of work without statements, many in a transaction.

    Args:
        connections: one for each lane.
        calls: the append functions.
        refusals: finds out what it means that a commit was not recorded.
        lost: remembers sessions whose last call has an unknown outcome.
        on_commit: hears of each commit.
        on_batch: hears how many commits were sent at once; None if nobody counts.
        lanes: so many transactions side by side, 1 or more.
    """

    def __init__(
        self,
        connections: Connections,
        calls: AppendCalls,
        refusals: Refusals,
        lost: LostSessions,
        *,
        on_commit: Callable[[Appended], None],
        on_batch: Callable[[int], None] | None = None,
        lanes: int = 1,
    ) -> None:
        self._connections = connections
        self._calls = calls
        self._refusals = refusals
        self._lost = lost
        self._on_commit = on_commit
        self._on_batch = on_batch
        self._most_lanes = lanes
        self._queue: deque[_Waiter] = deque()
        self._lanes: set[asyncio.Task[None]] = set()
        self._running = 0
        self._refused: set[asyncio.Task[None]] = set()
        self._room: deque[asyncio.Future[None]] = deque()
        self._in_flight = InFlight()
        self._guarded = GuardedEvents()
        self._pace = BatchPace()
        self._turns = LosersTurns()
        self._heads: dict[tuple[str, str], int] = {}  # versions that streams have reached; they only grow
        self._closed = False

    async def commit(self, commit: Commit) -> Appended:
        """Record a commit, in one transaction with whatever else is waiting.

        Cancelled, it is recorded wholly or not at all, and its neighbours do not notice.

        Raises:
            ConflictError: a stream or a condition is not as expected.
            IdempotencyKeyTakenError: another unit has committed the key.
            EventIdReusedError: an event id is in the log with other content.
            OutcomeUnknownError: the connection was lost, so it may have been recorded.
            DatabaseError: the database failed; nothing was recorded.
            NotStartedError: the database was closed.
        """
        while len(self._queue) >= MOST_WAITING:
            await self._wait_for_room()
        if self._closed:
            raise closed()
        self._connections.refuse_if_read_only()
        waiter = _Waiter(commit, asyncio.get_running_loop().create_future())
        self._queue.append(waiter)
        self._start_lane()
        return await waiter.future

    async def close(self) -> None:
        """Send what waits, and take no more. May be called twice."""
        self._closed = True
        while self._lanes or self._refused:
            await asyncio.wait([*self._lanes, *self._refused])

    # --- lanes -----------------------------------------------------------------------------------------------

    def _start_lane(self) -> None:
        if self._running < self._most_lanes:
            self._running += 1
            lane = asyncio.create_task(self._run_lane(), name="duolog-postgres-lane")
            self._lanes.add(lane)
            lane.add_done_callback(self._lanes.discard)

    async def _run_lane(self) -> None:
        while batch := self._gather():
            began = time.monotonic()
            try:
                await self._serve(batch)
            except Exception as error:  # noqa: BLE001 - every waiter must hear of it
                if not isinstance(error, DuologError):
                    _log.exception("a batch of commits failed")
                _fail(batch, error)
            finally:
                self._in_flight.remove([waiter.commit for waiter in batch])
                self._pace.note(len(batch), time.monotonic() - began)
            self._make_room()
        # At once, not when the loop gets to know that the task is done: whoever comes next must start another.
        self._running -= 1

    async def _serve(self, batch: Sequence[_Waiter]) -> None:
        connection = await self._connections.take()
        doubtful = True
        try:
            with reported():
                session = await self._lost.identify(connection)
            if self._on_batch is not None:
                self._on_batch(len(batch))
            try:
                await self._send(connection, batch)
            except DRIVER_ERRORS as error:
                if is_connection_lost(error):
                    self._lost.remember(session)
                    message = "the connection was lost in the middle of a commit"
                    hint = "Look whether it was recorded before you send it again."
                    raise OutcomeUnknownError(message, hint=hint) from None
                raise database_error(error) from None
            doubtful = False
        finally:
            await self._connections.give_back(connection, doubtful=doubtful)

    async def _send(self, connection: Connection, batch: Sequence[_Waiter]) -> None:
        try:
            decisions = await self._calls.send(connection, [waiter.commit for waiter in batch])
        except DRIVER_ERRORS as error:
            if is_connection_lost(error) or not sqlstate(error).startswith(_PERSONAL):
                raise
            if len(batch) > 1:
                # One commit spoilt it for all of them, or two waited for each other: alone, each gets its own outcome.
                for waiter in batch:
                    if not waiter.future.done():
                        await self._send(connection, (waiter,))
                return
            _fail(batch, lost_race(batch[0].commit, error) or database_error(error))
            return
        for waiter, decision in zip(batch, decisions, strict=True):
            self._remember_heads(waiter.commit, decision)
            self._conclude(waiter, decision)

    def _conclude(self, waiter: _Waiter, decision: Decision) -> None:
        commit = waiter.commit
        if decision.verdict is Verdict.RECORDED:
            if commit.exclusive:
                self._guarded.remember(commit, decision.positions)
            if decision.appended.position:
                self._on_commit(decision.appended)
            if not waiter.future.done():  # nobody waits any more where it was cancelled
                waiter.future.set_result(decision.appended)
        elif not waiter.future.done():
            task = asyncio.create_task(self._refuse(waiter, decision), name="duolog-postgres-refusal")
            self._refused.add(task)
            task.add_done_callback(self._refused.discard)

    async def _refuse(self, waiter: _Waiter, decision: Decision) -> None:
        commit = waiter.commit
        try:
            outcome = await self._refusals.explain(commit, decision)
        except Exception as error:  # noqa: BLE001 - it is the waiter's
            if isinstance(error, AppendConditionFailedError):
                await self._turns.take()
            _fail((waiter,), error)
            return
        if outcome is not None:
            if not waiter.future.done():
                waiter.future.set_result(outcome)
            return
        # It lost a race, but what it expects holds again or does not matter.
        commit.attempts += 1
        if commit.attempts > MOST_ATTEMPTS:
            message = f"the append lost {MOST_ATTEMPTS} races"
            _fail((waiter,), DatabaseError(message, hint="Spread the writers over more streams."))
            return
        self._queue.appendleft(waiter)
        self._start_lane()

    # --- gathering -------------------------------------------------------------------------------------------

    def _gather(self) -> list[_Waiter]:
        """Take the next batch from the queue, in its order; what must wait for another commit stays there."""
        queue, in_flight = self._queue, self._in_flight
        batch, deferred = list[_Waiter](), list[_Waiter]()
        events = size = 0
        keys = set[int]()
        most = min(self._pace.most(len(queue)), MOST_COMMITS)
        while queue and len(batch) < most and len(deferred) < _LOOK_AHEAD:
            waiter = queue[0]
            commit = waiter.commit
            if waiter.future.done():  # cancelled before it was sent: it never will be
                queue.popleft()
                continue
            stale = self._stale(waiter)
            if stale is not None:
                queue.popleft()
                self._conclude(waiter, stale)
                continue
            if in_flight.meets(commit):
                deferred.append(queue.popleft())
                continue
            if batch and (
                size + commit.size > MOST_BYTES
                or events + len(commit.ids) > MOST_EVENTS
                or (len(keys) + len(commit.keys) > MOST_KEYS and len(keys | commit.keys) > MOST_KEYS)
            ):
                break
            batch.append(queue.popleft())
            in_flight.add(commit)
            keys |= commit.keys
            events += len(commit.ids)
            size += commit.size
        queue.extendleft(reversed(deferred))
        return batch

    def _stale(self, waiter: _Waiter) -> Decision | None:
        """Decide without asking about a commit that cannot succeed any more because of what others have recorded."""
        commit, known = waiter.commit, self._heads
        for name, part in zip(commit.streams, commit.parts.values(), strict=True):
            if part.is_stale(known.get(name, 0)):
                # What is not known may well be as expected.
                presumed = {
                    stream: max(known.get((tenant, stream), 0), commit.parts[stream].least)
                    for tenant, stream in commit.streams
                }
                return Decision(Verdict.REFUSED, NOTHING_APPENDED, presumed, is_presumed=True)
        unseen = self._guarded.unseen(commit) if commit.exclusive else 0
        if unseen:
            return Decision(Verdict.CONDITION_FAILED, NOTHING_APPENDED, {}, unseen=unseen)
        return None

    def _remember_heads(self, commit: Commit, decision: Decision) -> None:
        if len(self._heads) >= _MOST_HEADS:
            self._heads.clear()
        versions = decision.appended.versions or decision.heads
        for name in commit.streams:
            self._heads[name] = versions[name[1]]

    # --- back-pressure ---------------------------------------------------------------------------------------

    async def _wait_for_room(self) -> None:
        room: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._room.append(room)
        try:
            await room
        except asyncio.CancelledError:
            if room.done() and not room.cancelled():
                self._make_room()
            raise

    def _make_room(self) -> None:
        free = MOST_WAITING - len(self._queue)
        while self._room and free > 0:
            room = self._room.popleft()
            if not room.done():
                room.set_result(None)
                free -= 1


def _fail(waiters: Sequence[_Waiter], error: Exception) -> None:
    for waiter in waiters:
        if not waiter.future.done():
            waiter.future.set_exception(error if len(waiters) == 1 else _retold(error))


def _retold(first: Exception) -> Exception:
    """Return an error of its own for each waiter: one that is raised in several tasks collects their tracebacks."""
    if isinstance(first, DatabaseError) and type(first).__init__ is DuologError.__init__:
        told: Exception = type(first)(first.message, hint=first.hint)
    else:
        told = DatabaseError(f"everything was rolled back, because of {type(first).__name__}")
    told.__cause__ = first
    return told
