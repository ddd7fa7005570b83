"""The contract of what process managers remember: written by compare-and-set, with where each of them begins."""

import asyncio
from dataclasses import replace

import pytest

from duolog.database.port import Database, View
from duolog.errors import ConflictError
from duolog.ids import uuid7
from duolog.process_managers.states import Place, StoredProcess
from duolog.scheduling.scheduled_command import ScheduledId
from duolog.testing.contracts.samples import SECONDS
from duolog.testing.contracts.scheduling import command, schedule
from duolog.write.sealed_work import SealedWork

NAME = "contract_process"


def process(key: str, *, tenant: str = "acme", name: str = NAME) -> StoredProcess:
    """A process with a state and a deadline, as it is written for the first time."""
    deadlines = {"inactive": ScheduledId(uuid7())}
    return StoredProcess(name, tenant, key, str(uuid7()), 2, '{"name":"ä"}'.encode(), deadlines)


async def write(database: Database, before: StoredProcess, after: StoredProcess) -> None:
    """Commit a unit that does nothing but write a process."""
    await database.committer.commit(SealedWork("acme", (database.process_states.writing(before, after),)))


async def remember(database: Database, *processes: StoredProcess) -> None:
    """Write processes for the first time."""
    for each in processes:
        await write(database, replace(each, stamp="", state=None, deadlines={}), each)


class ProcessStateContract:
    """Every backend keeps processes in this way. Supply a ``database`` fixture: an open, empty `Database`."""

    async def test_a_process_is_remembered_until_it_is_over(self, database: Database) -> None:
        """As it was written, for its tenant and key; one that is over is not there any more."""
        first, other = process("a"), process("a", tenant="other")
        await remember(database, first, other)
        places: list[Place] = [("acme", "a"), ("other", "a"), ("acme", "b")]
        assert await database.process_states.read(NAME, places) == {("acme", "a"): first, ("other", "a"): other}
        over = replace(first, stamp=str(uuid7()), state=None, deadlines={})
        await write(database, first, over)
        assert await database.process_states.read(NAME, places) == {("other", "a"): other}

    async def test_who_read_it_before_somebody_elses_write_is_refused(self, database: Database) -> None:
        """Also where both believe that they write it for the first time."""
        first = process("a")
        await remember(database, first)
        second = replace(first, stamp=str(uuid7()), version=3)
        await write(database, first, second)
        for stale in (first, replace(first, stamp="")):
            with pytest.raises(ConflictError):
                await write(database, stale, replace(second, stamp=str(uuid7())))
        assert await database.process_states.read(NAME, [("acme", "a")]) == {("acme", "a"): second}

    async def test_where_a_process_begins_is_noted_once(self, database: Database) -> None:
        """Whoever starts at the same time gets the same answer; who only asks notes nothing."""
        assert await database.process_states.beginning(NAME) is None
        async with asyncio.timeout(SECONDS):
            noted = await asyncio.gather(*(database.process_states.begin(NAME, position) for position in range(1, 9)))
        assert len(set(noted)) == 1
        assert await database.process_states.begin(NAME, 77) == noted[0]
        assert await database.process_states.beginning(NAME) == noted[0]
        assert await database.process_states.begin("contract_other", 77) == 77

    async def test_a_forgotten_process_leaves_nothing(self, database: Database) -> None:
        """Its states, its deadlines and where it began go with its checkpoint; what it has sent, and others, stay."""
        view, first, other = View(NAME, 1, {}), process("a"), process("a", name="contract_other")
        (checkpoint,) = await database.prepare_view(view)
        await remember(database, first, other)
        await database.process_states.begin(NAME, 7)
        deadlines = [replace(command(), id=each.deadlines["inactive"]) for each in (first, other)]
        sent = command()
        await schedule(database, *deadlines, sent)
        lease = await database.leases.acquire(checkpoint.share, "one", seconds=SECONDS)
        assert lease is not None
        await database.forget_view(NAME, leases=[lease])
        places: list[Place] = [("acme", "a")]
        assert await database.process_states.read(NAME, places) == {}
        assert await database.process_states.read("contract_other", places) == {("acme", "a"): other}
        assert await database.process_states.begin(NAME, 99) == 99
        left = {each.id for each in await database.schedule.read(limit=9)}
        assert left == {deadlines[1].id, sent.id}
