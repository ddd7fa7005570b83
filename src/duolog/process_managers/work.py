"""Handling events and deadlines in memory, and the statements that come of it."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final
from uuid import UUID, uuid5

import msgspec

from duolog.codec.command_codec import CommandCodec
from duolog.codec.payload_rules import check_size, check_text
from duolog.errors import PayloadError
from duolog.ids import uuid7
from duolog.messages.command import Command, command
from duolog.messages.envelope import RecordedEvent, StoredMetadata
from duolog.messages.event import JsonObject
from duolog.process_managers.process_manager import DEADLINE, ProcessManager, Reactor, manager_of
from duolog.process_managers.reaction import DeadlineSet, Effect, Process, Reaction, Sent
from duolog.process_managers.states import Place, ProcessStates, StoredProcess
from duolog.scheduling.command_schedule import CommandSchedule
from duolog.scheduling.encoding import new_command
from duolog.tables.statements import Statement

_encoder: Final = msgspec.json.Encoder()


@command("duolog.reach_deadline")
@dataclass(frozen=True, slots=True)
class ReachDeadlineCommand(Command[None]):
    """A deadline of a process is reached.

    Attributes:
        process: the process manager's name.
        key: the process.
        deadline: the deadline's name.
    """

    process: str
    key: str
    deadline: str


class Work:
    """What the handlers of one reactor or process manager want, over some events or a deadline.

    A handler works on a copy: what it wants is kept only if it returns, and can be stored.

    Args:
        reactor: the reactor's or process manager's class.
        instance: the one that handles.
        stored: the processes that it may be about, as they are stored.
        schedule: makes statements of commands.
        states: makes statements of processes.
        codec: encodes commands.
    """

    def __init__(
        self,
        reactor: type[Reactor],
        instance: Reactor,
        stored: Mapping[Place, StoredProcess],
        *,
        schedule: CommandSchedule,
        states: ProcessStates,
        codec: CommandCodec,
    ) -> None:
        self._reactor = reactor
        self._manager = manager_of(reactor)
        self._instance = instance
        self._stored = stored
        self._schedule = schedule
        self._states = states
        self._codec = codec
        self._processes = dict(stored)
        self._commands: list[Statement] = []

    @property
    def sends_commands(self) -> bool:
        """Whether anything is scheduled or taken back."""
        return bool(self._commands)

    async def react(self, events: Sequence[object], recorded: RecordedEvent, cause: StoredMetadata) -> None:
        """Let handlers react to what a recorded event is today: one event as a rule, several after some upcasts.

        Raises:
            Exception: what a handler raised, or that what it wants cannot be stored; nothing of the event is kept.
        """
        before = (dict(self._processes), tuple(self._commands)) if len(events) > 1 else None
        try:
            for number, event in enumerate(events):
                event_id = uuid5(recorded.event_id, f"{number}") if number else recorded.event_id
                await self._react(event, event_id, recorded, cause)
        except BaseException:
            if before is not None:
                self._processes, self._commands = before[0], list(before[1])
            raise

    async def _react(self, event: object, event_id: UUID, recorded: RecordedEvent, cause: StoredMetadata) -> None:
        handler = getattr(self._instance, self._reactor.handlers()[type(event)].method)
        name, tenant = self._reactor.name, recorded.tenant
        manager = self._manager
        if manager is None:
            reaction = Reaction(name, event_id, recorded)
            await handler(event, reaction)
            self._commands += self._scheduled(reaction.effects, tenant, recorded.stream, cause)
            return
        place = (tenant, manager.key_of(event))
        process = self._open(manager, place, event_id, recorded)
        await handler(event, process)
        self._keep(manager, place, process, cause)

    async def reach(self, place: Place, deadline: str, cause: UUID, metadata: StoredMetadata) -> None:
        """Let the handler of a deadline react; nothing happens if the deadline was moved, reached or taken back.

        Args:
            place: the process.
            deadline: the deadline's name.
            cause: id of the scheduled command that stands for it.
            metadata: what its commands inherit.
        """
        manager, stored = self._manager, self._stored.get(place)
        if manager is None or stored is None or stored.deadlines.get(deadline) != cause:
            return
        process = self._open(manager, place, cause, None)
        del process.deadlines[deadline]
        await getattr(self._instance, f"{DEADLINE}{deadline}")(process)
        self._keep(manager, place, process, metadata)

    def statements(self) -> Iterator[Statement]:
        """Return what is to be written: processes first, each as it is in the end."""
        for place, after in self._processes.items():
            before = self._stored.get(place) or StoredProcess(self._reactor.name, *place)
            if after is not before and not (after.is_over and not before.stamp):
                yield self._states.writing(before, after)
        yield from self._commands

    def _open(
        self, manager: type[ProcessManager[Any]], place: Place, cause: UUID, recorded: RecordedEvent | None
    ) -> Process[Any]:
        stored = self._processes.get(place)
        state = None if stored is None else decode_state(manager, stored)
        deadlines = {} if stored is None else dict(stored.deadlines)
        return Process(
            manager.name,
            cause,
            key=place[1],
            state=state,
            deadlines=deadlines,
            allowed=manager.deadlines(),
            recorded=recorded,
        )

    def _keep(
        self, manager: type[ProcessManager[Any]], place: Place, process: Process[Any], cause: StoredMetadata
    ) -> None:
        stored = self._processes.get(place) or StoredProcess(manager.name, *place)
        state = encode_state(manager, process.state)
        commands = self._scheduled(process.effects, place[0], place[1], cause)
        if (stored.state, stored.deadlines) != (state, process.deadlines):
            self._processes[place] = replace(
                stored, stamp=str(uuid7()), version=manager.version, state=state, deadlines=process.deadlines
            )
        self._commands += commands

    def _scheduled(self, effects: list[Effect], tenant: str, key: str, cause: StoredMetadata) -> list[Statement]:
        statements: list[Statement] = []
        ordered_by: str | None
        for effect in effects:
            match effect:
                case Sent(scheduled, sent, at, after):
                    ordered_by = f"{self._reactor.name}/{key}"[:200]
                case DeadlineSet(scheduled, deadline, at, after):
                    sent, ordered_by = ReachDeadlineCommand(self._reactor.name, key, deadline), None
                case _:
                    statements.append(self._schedule.cancelling(effect.id, tenant=tenant))
                    continue
            new = new_command(
                self._codec, sent, id=scheduled, tenant=tenant, metadata=cause, at=at, after=after, key=ordered_by
            )
            statements.append(self._schedule.adding(new))
        return statements


def encode_state(manager: type[ProcessManager[Any]], state: object) -> bytes | None:
    """Encode a state, checked so that it can be decoded again.

    Raises:
        PayloadError: it is not of the process manager's type, or cannot be stored.
    """
    if state is None:
        return None
    try:
        data = _encoder.encode(state)
        check_size(data)
        check_text(data)
        msgspec.json.decode(data, type=manager.state_type)
    except (msgspec.MsgspecError, TypeError, ValueError, OverflowError, RecursionError) as error:
        message = f"the state of {manager.name} cannot be stored: {type(error).__name__}"
        raise PayloadError(message, hint="Give it values of its annotated types.") from None
    return data


def decode_state(manager: type[ProcessManager[Any]], stored: StoredProcess) -> Any:
    """Decode a state, upcast to the process manager's version.

    Raises:
        PayloadError: it is of a newer version, or does not fit.
    """
    if stored.state is None:
        return None
    if stored.version > manager.version:
        message = f"the state of {manager.name} is of version {stored.version}; this release knows {manager.version}"
        raise PayloadError(message, hint="A newer release wrote it: deploy that one.")
    try:
        if stored.version == manager.version:
            return msgspec.json.decode(stored.state, type=manager.state_type)
        payload: JsonObject = msgspec.json.decode(stored.state)
        for version in range(stored.version, manager.version):
            payload = manager.upcasts[version](payload)
        return msgspec.convert(payload, manager.state_type, str_keys=True)
    except msgspec.MsgspecError as error:
        message = f"a state of {manager.name} version {stored.version} cannot be read: {type(error).__name__}"
        raise PayloadError(message) from error
