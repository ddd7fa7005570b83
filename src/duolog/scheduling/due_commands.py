"""Executes scheduled commands when they are due: taken by lease, a few side by side, their outcomes noted."""

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final

from duolog.codec.command_codec import CommandCodec
from duolog.dispatch.shield import shielded
from duolog.errors import (
    ConflictError,
    DatabaseError,
    IdempotencyInFlightError,
    NotStartedError,
    UndecodableCommandError,
    UnreadableAnswerError,
)
from duolog.messages.metadata import Metadata
from duolog.scheduling.command_schedule import CommandSchedule
from duolog.scheduling.due_signal import DueSignal
from duolog.scheduling.encoding import metadata_of
from duolog.scheduling.scheduled_command import ScheduledCommand, ScheduledId
from duolog.subscriptions.backoff import Backoff
from duolog.subscriptions.failure import Failure, error_text, is_transient

ExecuteDue = Callable[[object, Metadata, ScheduledId], Awaitable[None]]
"""Executes a command with the metadata it was scheduled with, and its id as the idempotency key."""

_NOT_ITS_FAULT: Final = (
    ConflictError,
    IdempotencyInFlightError,
    NotStartedError,
    UndecodableCommandError,
    ConnectionError,
    TimeoutError,
)
_logger: Final = logging.getLogger("duolog.scheduling")


@dataclass(frozen=True, slots=True)
class DuePace:
    """How due commands are executed. Times are in seconds.

    Attributes:
        at_once: so many side by side in this process.
        lease: how long a command is its owner's; renewed at a third of that, so that a dead owner's is taken after it.
        poll: longest time between two looks at the database; this process's own commits wake it at once.
        first_pause: pause after a command's first failure; it doubles with every further one.
        last_pause: longest pause.
    """

    at_once: int = 16
    lease: float = 5.0
    poll: float = 1.0
    first_pause: float = 0.1
    last_pause: float = 300.0


class DueCommands:
    """Executes due commands for as long as it runs; any number of processes may do so.

    What fails for no fault of the command (the database, a conflict, a time limit, a release that cannot decode it yet)
    is tried again after a growing pause, without end. What is refused is set aside with its error.

    Exactly once in effect: the command's id is its idempotency key, which is committed with what it changes. Whoever
    takes it after a death executes it again, gets the stored answer, and forgets it.

    Args:
        schedule: gives the commands out.
        codec: decodes them.
        execute: sends them through the application's pipeline.
        signal: wakes it.
        owner: name of this process, unlike any other's.
        pace: times and numbers.
    """

    def __init__(
        self,
        schedule: CommandSchedule,
        codec: CommandCodec,
        execute: ExecuteDue,
        signal: DueSignal,
        *,
        owner: str,
        pace: DuePace | None = None,
    ) -> None:
        self._schedule = schedule
        self._codec = codec
        self._execute = execute
        self._signal = signal
        self._owner = owner
        self._pace = pace or DuePace()
        self._backoff = Backoff(first=0.05, last=5.0)
        self._running: dict[asyncio.Task[None], ScheduledCommand] = {}
        self._executed: list[ScheduledCommand] = []
        self._work: asyncio.Task[None] | None = None
        self._renewal: asyncio.Task[None] | None = None
        self._is_taking = False
        self._stopping = False

    def start(self) -> None:
        """Begin to execute; without commands that could be scheduled nothing is begun."""
        if self._codec.known:
            self._work = asyncio.create_task(self._run(), name="due commands")
            self._renewal = asyncio.create_task(self._renew(), name="due commands' leases")

    async def is_settled(self) -> bool:
        """Tell whether nothing that could be executed here is due, or is being executed here.

        Raises:
            DatabaseError: the database failed.
        """
        if not self._codec.known:
            return True
        is_due = await self._schedule.seconds_until_due(self._codec.known) == 0
        # Afterwards, since what was due then may be taken by now.
        return not (is_due or self._is_taking or self._running or self._executed)

    async def stop(self, *, seconds: float) -> None:
        """Take nothing more, and let those that run end. May be called twice, and without `start`.

        Args:
            seconds: after so long they are cancelled, rolled back and given back.
        """
        self._stopping = True
        self._signal.set()
        work, self._work = self._work, None
        renewal, self._renewal = self._renewal, None
        if work is None or renewal is None:
            return
        await asyncio.wait({work})
        if self._running:
            await asyncio.wait(set(self._running), timeout=seconds)
        late = set(self._running)
        for task in late:
            task.cancel()
        if late:
            await asyncio.wait(late)
        renewal.cancel()
        await asyncio.wait({renewal})
        with contextlib.suppress(DatabaseError):  # they are looked up by their keys when they are taken again
            await self._forget_executed()

    async def _run(self) -> None:
        while not self._stopping:
            try:
                await self._forget_executed()
                pause = await self._take()
                self._backoff.reset()
            except Exception as error:  # a loop that dies silently would stop every command for good
                pause = self._backoff.pause()
                _logger.warning("due commands could not be looked up; it is tried again", exc_info=error)
            if pause > 0 and not self._executed and not self._stopping:
                await self._signal.wait(pause)

    async def _take(self) -> float:
        """Take what is due and begin to execute it; return how long to wait for more, in seconds."""
        free = self._pace.at_once - len(self._running)
        if free <= 0:
            return self._pace.poll
        until_due = await self._schedule.seconds_until_due(self._codec.known)
        if until_due is None or until_due > 0:
            return self._pace.poll if until_due is None else min(until_due, self._pace.poll)
        self._is_taking = True
        try:
            taken = await self._schedule.take(
                self._codec.known, owner=self._owner, seconds=self._pace.lease, limit=free
            )
            for command in taken:
                task = asyncio.create_task(self._execute_one(command), name=f"due command {command.id}")
                self._running[task] = command
                task.add_done_callback(self._ended)
        finally:
            self._is_taking = False
        return 0.0 if taken else self._pace.poll / 10  # another process was faster

    def _ended(self, task: asyncio.Task[None]) -> None:
        del self._running[task]
        self._signal.set()

    async def _execute_one(self, scheduled: ScheduledCommand) -> None:
        try:
            command = self._codec.decode(scheduled.command, scheduled.version, scheduled.payload)
            await self._execute(command, metadata_of(scheduled), scheduled.id)
        except asyncio.CancelledError:
            await shielded(self._note(self._schedule.try_again(scheduled, seconds=0, error=scheduled.error)))
            raise
        except UnreadableAnswerError:  # it took effect before, and nobody waits for its answer
            self._executed.append(scheduled)
        except Exception as error:  # noqa: BLE001 - whatever the command's interactor raised
            await self._failed(scheduled, error)
        else:
            self._executed.append(scheduled)

    async def _failed(self, scheduled: ScheduledCommand, error: Exception) -> None:
        where = (scheduled.command, scheduled.id, type(error).__name__)
        if is_transient(error) or isinstance(error, _NOT_ITS_FAULT):
            pause = Backoff(first=self._pace.first_pause, last=self._pace.last_pause, attempts=scheduled.attempts - 1)
            _logger.info("scheduled command %s %s failed, and is tried again: %s", *where)
            noted = self._schedule.try_again(scheduled, seconds=pause.pause(), error=error_text(error))
        else:
            # The error's text may hold values of the command: it is in the database, not in the log file.
            _logger.error("scheduled command %s %s was refused, and is set aside: %s", *where)
            failure = Failure.of(error)
            noted = self._schedule.set_aside(scheduled, error=failure.error, traceback=failure.traceback)
        await self._note(noted)

    async def _note(self, noted: Awaitable[None]) -> None:
        try:
            await noted
        except DatabaseError as error:  # its lease ends, and it is tried again
            _logger.debug("the outcome of a scheduled command was not noted: %s", error.message)

    async def _forget_executed(self) -> None:
        executed = tuple(self._executed)
        if executed:
            await self._schedule.remove_executed(executed)
            del self._executed[: len(executed)]

    async def _renew(self) -> None:
        while True:
            await asyncio.sleep(self._pace.lease / 3)
            held = [*self._running.values(), *self._executed]
            if held:
                await self._note(self._schedule.renew(held, seconds=self._pace.lease))
