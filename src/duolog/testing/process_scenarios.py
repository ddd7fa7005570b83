"""What a reactor or a process manager does after given events, with everything it sends in memory."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Self
from uuid import UUID

from duolog.codec.event_codec import EventCodec
from duolog.codec.event_types import EventTypes
from duolog.codec.tags import Tagger
from duolog.errors import ConfigurationError
from duolog.eventstore.streams import partition_of
from duolog.ids import uuid7
from duolog.messages.envelope import RecordedEvent
from duolog.process_managers.process_manager import DEADLINE, Reactor, manager_of
from duolog.process_managers.reaction import DeadlineSet, Effect, Process, Reaction, Sent, TakenBack
from duolog.process_managers.states import StoredProcess
from duolog.process_managers.work import decode_state, encode_state
from duolog.scheduling.scheduled_command import ScheduledId

_STREAM = "scenario-1"


@dataclass(slots=True)
class _Running:
    """One process: its encoded state, and its deadlines."""

    state: bytes | None
    deadlines: dict[str, ScheduledId]


class ProcessScenario:
    """A reactor or process manager, step by step: given events, when one more or a deadline, then what it wants.

    ```python
    scenario = ProcessScenario(RemindInactiveUsers())
    await scenario.given(UserCreated("42"))
    await scenario.when_deadline("inactive", key="42")
    scenario.then_sends(SendReminderCommand("42"))
    scenario.then_is_over("42")
    ```

    Args:
        reactor: the one that is tried, built by hand with whatever it takes.
    """

    def __init__(self, reactor: Reactor) -> None:
        self._reactor = reactor
        self._manager = manager_of(type(reactor))
        self._codec = EventCodec(EventTypes(type(reactor).handlers()), Tagger(b"a scenario's secret"))
        self._processes: dict[str, _Running] = {}
        self._effects: list[Effect] = []
        self._position = 0

    async def given(self, *events: object) -> Self:
        """Let events be handled; what is wanted because of them is not looked at any more."""
        await self.when(*events)
        self._effects.clear()
        return self

    def given_state(self, key: str, state: object, *, deadlines: Sequence[str] = ()) -> Self:
        """Begin with a process that remembers a state, and has set deadlines.

        Raises:
            ConfigurationError: it is no process manager.
            PayloadError: the state cannot be stored.
        """
        if self._manager is None:
            raise _no_manager(self._reactor)
        ids = {name: ScheduledId(uuid7()) for name in deadlines}
        self._processes[key] = _Running(encode_state(self._manager, state), ids)
        return self

    async def when(self, *events: object) -> Self:
        """Let events be handled, encoded and decoded as they would be in the log; what one wants adds up.

        Raises:
            Exception: what a handler raised.
        """
        for event in events:
            recorded = self._record(event)
            for part in self._codec.decode_all(recorded):
                handler = getattr(self._reactor, type(self._reactor).handlers()[type(part)].method)
                if self._manager is None:
                    reaction = Reaction(self._reactor.name, recorded.event_id, recorded)
                    await handler(part, reaction)
                    self._effects += reaction.effects
                else:
                    process = self._open(self._manager.key_of(part), recorded.event_id, recorded)
                    await handler(part, process)
                    self._keep(process)
        return self

    async def when_deadline(self, name: str, *, key: str) -> Self:
        """Let a deadline of a process be reached.

        Raises:
            AssertionError: it is not set.
            Exception: what its handler raised.
        """
        running = self._processes.get(key)
        if running is None or name not in running.deadlines:
            message = f"deadline {name!r} of {key!r} is not set"
            raise AssertionError(message)
        process = self._open(key, running.deadlines[name], None)
        del process.deadlines[name]
        await getattr(self._reactor, f"{DEADLINE}{name}")(process)
        self._keep(process)
        return self

    def then_sends(self, *commands: object) -> Self:
        """Check that exactly these commands are sent, at once or later, since the last check.

        Raises:
            AssertionError: others are.
        """
        taken_back = {effect.id for effect in self._effects if isinstance(effect, TakenBack)}
        sent = [effect for effect in self._effects if isinstance(effect, Sent) and effect.id not in taken_back]
        self._effects = [effect for effect in self._effects if isinstance(effect, DeadlineSet)]
        found = [effect.command for effect in sent]
        if found != list(commands):
            message = f"expected {list(commands)!r}, but it sends {found!r}"
            raise AssertionError(message)
        return self

    def then_sends_nothing(self) -> Self:
        """Check that no command is sent."""
        return self.then_sends()

    def then_deadline(self, name: str, *, key: str, after: timedelta | None = None) -> Self:
        """Check that a deadline of a process is set and, if given, after which time from the last event.

        Raises:
            AssertionError: it is not, or after another time.
        """
        running = self._processes.get(key)
        scheduled = None if running is None else running.deadlines.get(name)
        if scheduled is None:
            message = f"deadline {name!r} of {key!r} is not set"
            raise AssertionError(message)
        times = [each.after for each in self._effects if isinstance(each, DeadlineSet) and each.id == scheduled]
        if after is not None and times != [after]:
            message = f"expected deadline {name!r} after {after}, but it is set after {times or 'an earlier step'}"
            raise AssertionError(message)
        return self

    def then_state(self, key: str, state: object) -> Self:
        """Check what a process remembers.

        Raises:
            AssertionError: something else, or nothing.
        """
        running = self._processes.get(key)
        found = None if running is None else self._state(running)
        if found != state:
            message = f"expected {state!r}, but {key!r} remembers {found!r}"
            raise AssertionError(message)
        return self

    def then_is_over(self, key: str) -> Self:
        """Check that nothing is remembered of a process, and no deadline is set.

        Raises:
            AssertionError: it goes on.
        """
        if key in self._processes:
            message = (
                f"{key!r} goes on: {self._state(self._processes[key])!r}, {dict(self._processes[key].deadlines)!r}"
            )
            raise AssertionError(message)
        return self

    def _open(self, key: str, cause: UUID, recorded: RecordedEvent | None) -> Process[Any]:
        manager = self._manager
        if manager is None:
            raise _no_manager(self._reactor)
        running = self._processes.get(key) or _Running(None, {})
        return Process(
            manager.name,
            cause,
            key=key,
            state=self._state(running),
            deadlines=dict(running.deadlines),
            allowed=manager.deadlines(),
            recorded=recorded,
        )

    def _keep(self, process: Process[Any]) -> None:
        manager = self._manager
        if manager is None:
            raise _no_manager(self._reactor)
        state = encode_state(manager, process.state)
        self._effects += process.effects
        if state is None and not process.deadlines:
            self._processes.pop(process.key, None)
        else:
            self._processes[process.key] = _Running(state, process.deadlines)

    def _state(self, running: _Running) -> object:
        manager = self._manager
        if manager is None:
            return None
        deadlines: Mapping[str, ScheduledId] = running.deadlines
        return decode_state(manager, StoredProcess(manager.name, "", "", "", manager.version, running.state, deadlines))

    def _record(self, event: object) -> RecordedEvent:
        encoded = self._codec.encode(event)
        self._position += 1
        return RecordedEvent(
            position=self._position,
            tenant="",
            stream=_STREAM,
            version=self._position,
            event_id=uuid7(),
            type=encoded.type,
            schema_version=encoded.schema_version,
            tags=encoded.tags,
            partition=partition_of("", _STREAM),
            data=encoded.data,
            metadata=encoded.metadata,
            recorded_at=self._position * 1_000_000,
        )


def _no_manager(reactor: Reactor) -> ConfigurationError:
    message = f"{type(reactor).__qualname__} is no process manager: it has no state and no deadlines"
    return ConfigurationError(message)
