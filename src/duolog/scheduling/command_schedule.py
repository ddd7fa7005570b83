"""The port that keeps scheduled commands, and gives out those that are due."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from duolog.scheduling.scheduled_command import NewCommand, ScheduledCommand, ScheduledId, ScheduledState
from duolog.tables.statements import Statement

Known = Mapping[str, int]
"""The newest version that somebody can decode of each command, by stable name; what is not in it waits for others."""


@dataclass(frozen=True, slots=True)
class Overdue:
    """Commands that are due and not executed.

    Attributes:
        waiting: how many have waited for longer than was asked for.
        failed: how many were set aside.
        since: when the one was due that waits for longest, microseconds since 1970; 0 if none does.
        error: what one of those that wait failed with last; empty for nothing.
    """

    waiting: int
    failed: int
    since: int
    error: str


class CommandSchedule(Protocol):
    """Keeps scheduled commands. The database's clock says what is due.

    A command is scheduled and cancelled by a statement in somebody's transaction: of a unit of work, or of a page of
    events. Everything else has transactions of its own.
    """

    def adding(self, command: NewCommand) -> Statement:
        """Return the statement that schedules a command; it does nothing if its id is there already."""
        ...

    def cancelling(self, command: ScheduledId, *, tenant: str) -> Statement:
        """Return the statement that takes a command of a tenant back; it does nothing if that is executed already."""
        ...

    async def take(self, known: Known, *, owner: str, seconds: float, limit: int) -> Sequence[ScheduledCommand]:
        """Give out commands that are due, the longest waiting first, each to one owner at a time.

        A command is not given out while another one of its tenant and key comes before it, whatever state that is in.

        Args:
            known: only commands that the owner can decode.
            owner: who executes them.
            seconds: how long they are the owner's; then they are given out again.
            limit: at most so many.

        Returns:
            The commands, each with its number of attempts, which tells this owner from every later one.
        """
        ...

    async def seconds_until_due(self, known: Known) -> float | None:
        """Return in how many seconds `take` will have something, 0 if it has now, None if nothing waits."""
        ...

    async def renew(self, taken: Sequence[ScheduledCommand], *, seconds: float) -> None:
        """Keep commands that were taken for longer; those that somebody else has taken meanwhile are left alone."""
        ...

    async def remove_executed(self, executed: Sequence[ScheduledCommand]) -> None:
        """Forget commands that have taken effect."""
        ...

    async def try_again(self, taken: ScheduledCommand, *, seconds: float, error: str) -> None:
        """Give a command back, to be given out again after a pause.

        Args:
            taken: as it was taken; nothing happens if somebody else has taken it meanwhile.
            seconds: the pause.
            error: class and message of what failed; empty for nothing.
        """
        ...

    async def set_aside(self, taken: ScheduledCommand, *, error: str, traceback: str) -> None:
        """Mark a command as failed: it stays, and is given out no more until it is retried.

        Args:
            taken: as it was taken; nothing happens if somebody else has taken it meanwhile.
            error: class and message of what failed.
            traceback: of the error.
        """
        ...

    async def find(self, command: ScheduledId) -> ScheduledCommand | None:
        """Return a command; None if it was executed, cancelled, or never scheduled."""
        ...

    async def read(
        self, *, state: ScheduledState | None = None, command: str | None = None, tenant: str | None = None, limit: int
    ) -> Sequence[ScheduledCommand]:
        """Return commands in the order they are due; what is left out (None) chooses all."""
        ...

    async def overdue(self, *, seconds: float) -> Overdue:
        """Count commands that were set aside, and those that should have been executed so long ago, or longer."""
        ...

    async def retry(self, command: ScheduledId) -> bool:
        """Let a command be given out at once that was set aside, or pauses after a failure; tell whether it is so."""
        ...

    async def remove(self, command: ScheduledId, *, state: ScheduledState) -> bool:
        """Forget a command without executing it, if it is in this state and nobody executes it; tell whether it was."""
        ...
