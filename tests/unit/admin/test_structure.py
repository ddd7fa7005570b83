from dataclasses import dataclass
from datetime import timedelta

from duolog.admin.checks.events import check_events
from duolog.admin.message_map import MappedProcess, as_mermaid, as_text, message_map
from duolog.admin.schemas import schema_source
from duolog.application.structure import structure_of
from duolog.codec.snapshot_types import snapshot
from duolog.messages.command import Command, command
from duolog.messages.event import event
from duolog.process_managers.process_manager import ProcessManager, Reactor
from duolog.process_managers.reaction import Process, Reaction
from duolog.testing.applications import application
from duolog.write.decider import Decider
from duolog.write.repository import EventSourcedRepository
from duolog.write.snapshots import SnapshotPolicy
from duolog.write.unit_of_work import UnitOfWork


@event("lamp.switched")
@dataclass(frozen=True, slots=True)
class LampSwitched:
    on: bool


@snapshot("lamp.state", version=3)
@dataclass(frozen=True, slots=True)
class Lamp:
    on: bool = False


@command("lamp.switch")
@dataclass(frozen=True, slots=True)
class SwitchLampCommand(Command[None]):
    lamp: str


def decide(_: SwitchLampCommand, lamp: Lamp) -> list[LampSwitched]:
    return [LampSwitched(not lamp.on)]


def evolve(_: Lamp, happened: LampSwitched) -> Lamp:
    return Lamp(happened.on)


lamps = Decider("lamp", Lamp(), decide, evolve, snapshots=SnapshotPolicy(Lamp))


class SwitchLampInteractor:
    def __init__(self, unit: UnitOfWork) -> None:
        self._lamps = EventSourcedRepository(lamps, unit)

    async def execute(self, cmd: SwitchLampCommand) -> None:
        lamp = await self._lamps.load(cmd.lamp)
        lamp.decide(cmd)
        await self._lamps.save(lamp)


def test_a_deciders_events_are_on_the_map() -> None:
    structure = structure_of(application(SwitchLampCommand.handled_by(SwitchLampInteractor)))
    (command,) = message_map(structure).commands
    assert command.events == ("lamp.switched",)


class DimLampInteractor:
    def __init__(self, unit: UnitOfWork) -> None:
        self._unit = unit

    async def execute(self, cmd: SwitchLampCommand) -> None:
        happened = [LampSwitched(on=False)]
        self._unit.stage(f"lamp-{cmd.lamp}", happened)


def test_a_staged_event_is_on_the_map_and_must_be_registered() -> None:
    handler = SwitchLampCommand.handled_by(DimLampInteractor)
    (command,) = message_map(structure_of(application(handler))).commands
    assert command.events == ("lamp.switched",)
    (found,) = check_events(structure_of(application(handler)))
    assert found.message.startswith("DimLampInteractor stages it, but it is not registered")
    assert list(check_events(structure_of(application(handler, events=[LampSwitched])))) == []


class DimAgain(Reactor):
    name = "dim_again"

    async def on_switched(self, happened: LampSwitched, reaction: Reaction) -> None:
        command = SwitchLampCommand("hall") if happened.on else None
        if command is not None:
            reaction.send(command, after=timedelta(hours=1))


class Burning(ProcessManager[Lamp]):
    name, key = "burning", {LampSwitched: lambda _: "lamp"}

    async def on_switched(self, happened: LampSwitched, process: Process[Lamp]) -> None:
        process.state = Lamp(happened.on)
        process.set_deadline("enough", after=timedelta(hours=1))

    async def on_deadline_enough(self, process: Process[Lamp]) -> None:
        process.send(command=SwitchLampCommand(process.key))


class CountLamps(Reactor):
    name = "count_lamps"

    async def on_switched(self, happened: LampSwitched, reaction: Reaction) -> None:
        pass


def test_reactors_and_process_managers_lead_from_events_to_commands_on_the_map() -> None:
    handler = SwitchLampCommand.handled_by(SwitchLampInteractor)
    drawn = message_map(structure_of(application(handler, processes=[DimAgain, Burning, CountLamps])))
    assert drawn.processes == [
        MappedProcess("dim_again", ("lamp.switched",), ("SwitchLampCommand",)),
        MappedProcess("burning", ("lamp.switched",), ("SwitchLampCommand",)),
        MappedProcess("count_lamps", ("lamp.switched",), ()),
    ]
    assert as_text(drawn).splitlines()[6:17] == [
        "reactors and process managers, the events that each takes, and the commands that it may send",
        *("  dim_again", "    <- lamp.switched", "    -> SwitchLampCommand"),
        *("  burning", "    <- lamp.switched", "    -> SwitchLampCommand"),
        *("  count_lamps", "    <- lamp.switched", "    -> none that can be told from the code"),
        "",
    ]
    chart = [line.strip() for line in as_mermaid(drawn).splitlines()]
    assert {'r_burning{{"burning"}}', "e_lamp_switched --> r_burning", "r_burning -.-> c_SwitchLampCommand"} <= {*chart}


def test_a_snapshot_is_locked_by_its_name_and_version() -> None:
    structure = structure_of(application(SwitchLampCommand.handled_by(SwitchLampInteractor)))
    assert schema_source(structure).lock().snapshots == {"lamp.state": {"3": {"on?": "bool"}}}
