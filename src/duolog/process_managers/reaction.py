"""What the handler of an event or a deadline wants done: commands to send, a state to remember, deadlines to set."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, Generic, TypeVar
from uuid import UUID, uuid5

from duolog.errors import ConfigurationError, InvalidMessageError
from duolog.messages.envelope import RecordedEvent
from duolog.scheduling.scheduled_command import ScheduledId

S = TypeVar("S")

MOST_REACTIONS: Final = 1_000
"""So many commands and deadlines one event or deadline may set off."""


@dataclass(frozen=True, slots=True)
class Sent:
    """A command that a handler sends.

    Attributes:
        id: made of the process's name, what it reacts to, and its place among the reactions: the same whenever the
            reaction is repeated.
        command: the command.
        at: when it is due.
        after: how long from now it is due; at once if both are None.
    """

    id: ScheduledId
    command: object
    at: datetime | None = None
    after: timedelta | None = None


@dataclass(frozen=True, slots=True)
class DeadlineSet:
    """A deadline that a handler sets.

    Attributes:
        id: of the scheduled command that stands for it.
        name: the deadline's.
        at: when it is reached.
        after: how long from now it is reached.
    """

    id: ScheduledId
    name: str
    at: datetime | None
    after: timedelta | None


@dataclass(frozen=True, slots=True)
class TakenBack:
    """A scheduled command that a handler takes back, or that stood for a deadline.

    Attributes:
        id: of the scheduled command.
    """

    id: ScheduledId


Effect = Sent | DeadlineSet | TakenBack


class Reaction:
    """What the handler of a reactor gets beside the event: it sends commands.

    Nothing is done before the handler has returned; what it wants is then written in one transaction with the
    checkpoint, so that each reaction takes effect exactly once.

    Args:
        name: of the reactor.
        cause: id of the event or deadline that is reacted to.
        recorded: the event as the log has it; None for a deadline.

    Attributes:
        recorded: the event as the log has it (position, stream, metadata); None for a deadline.
        effects: what is wanted so far, in order.
    """

    def __init__(self, name: str, cause: UUID, recorded: RecordedEvent | None = None) -> None:
        self.recorded = recorded
        self.effects: list[Effect] = []
        self._name = name
        self._cause = cause
        self._count = 0

    def send(self, command: object, *, at: datetime | None = None, after: timedelta | None = None) -> ScheduledId:
        """Send a command once this reaction is committed.

        Args:
            command: an instance of a class with ``@command``, which the application handles.
            at: when it is due, with a time zone.
            after: how long from now it is due, by the database's clock; at once if both are None.

        Returns:
            Its id, for `take_back`.

        Raises:
            InvalidMessageError: there are too many reactions.
        """
        sent = Sent(self._next_id(), command, at, after)
        self.effects.append(sent)
        return sent.id

    def take_back(self, scheduled: ScheduledId) -> None:
        """Take a command back that is not executed yet; nothing happens otherwise."""
        self.effects.append(TakenBack(scheduled))

    def _next_id(self) -> ScheduledId:
        if self._count >= MOST_REACTIONS:
            message = f"{self._name} reacts with more than {MOST_REACTIONS} commands and deadlines"
            raise InvalidMessageError(message, hint="Send one command that does the work in parts.")
        self._count += 1
        return ScheduledId(uuid5(self._cause, f"{self._name}/{self._count}"))


class Process(Reaction, Generic[S]):
    """What the handler of a process manager gets beside the event: one running process.

    Args:
        name: of the process manager.
        cause: id of the event or deadline that is reacted to.
        key: what the process is about.
        state: what it remembers; None if it has not begun.
        deadlines: the scheduled commands of the deadlines that are set.
        allowed: names of the deadlines that it may set.
        recorded: the event as the log has it; None for a deadline.

    Attributes:
        key: what the process is about.
        state: what it remembers, or None. Assign a new one, of the process manager's type, to remember it.
        deadlines: by name, the scheduled command of each deadline that is set.
    """

    def __init__(
        self,
        name: str,
        cause: UUID,
        *,
        key: str,
        state: S | None,
        deadlines: dict[str, ScheduledId],
        allowed: frozenset[str],
        recorded: RecordedEvent | None = None,
    ) -> None:
        super().__init__(name, cause, recorded)
        self.key = key
        self.state = state
        self.deadlines = deadlines
        self._allowed = allowed

    def set_deadline(self, name: str, *, at: datetime | None = None, after: timedelta | None = None) -> None:
        """Set a deadline, or move it: ``on_deadline_<name>`` is called when it is reached.

        Args:
            name: the deadline's.
            at: when it is reached, with a time zone.
            after: how long from now, by the database's clock.

        Raises:
            ConfigurationError: there is no ``on_deadline_<name>``.
        """
        if name not in self._allowed:
            message = f"{self._name} has no deadline {name!r}"
            raise ConfigurationError(message, hint=f"Write `async def on_deadline_{name}(self, process)`.")
        self.cancel_deadline(name)
        deadline = DeadlineSet(self._next_id(), name, at, after)
        self.deadlines[name] = deadline.id
        self.effects.append(deadline)

    def cancel_deadline(self, name: str) -> None:
        """Take a deadline back; nothing happens if it is not set."""
        scheduled = self.deadlines.pop(name, None)
        if scheduled is not None:
            self.take_back(scheduled)

    def complete(self) -> None:
        """End the process: its state and its deadlines are forgotten. A later event of its key may begin it again."""
        self.state = None
        for name in tuple(self.deadlines):
            self.cancel_deadline(name)


AnyProcess = Process[Any]
