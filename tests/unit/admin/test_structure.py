from dataclasses import dataclass

from duolog.admin.checks.events import check_events
from duolog.admin.message_map import message_map
from duolog.admin.schemas import schema_source
from duolog.application.structure import structure_of
from duolog.codec.snapshot_types import snapshot
from duolog.messages.command import Command
from duolog.messages.event import event
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


def test_a_snapshot_is_locked_by_its_name_and_version() -> None:
    structure = structure_of(application(SwitchLampCommand.handled_by(SwitchLampInteractor)))
    assert schema_source(structure).lock().snapshots == {"lamp.state": {"3": {"on?": "bool"}}}
