"""A deadline and an event of one process at the same time: whoever is later sees what the other one did."""

import pytest

from duolog.database.port import Database
from duolog.errors import StaleRowError
from duolog.ids import uuid7
from duolog.process_managers.states import StoredProcess
from duolog.scheduling.scheduled_command import ScheduledId
from duolog.write.sealed_work import SealedWork
from tests.unit.process_managers.trials import trials

NAME, PLACE = "lapse_trials", ("acme", "1")


async def write(database: Database, before: StoredProcess, after: StoredProcess) -> None:
    statement = database.process_states.writing(before, after)
    await database.committer.commit(SealedWork(statements=(statement,)))


async def test_a_process_is_written_by_compare_and_set_only(url: str) -> None:
    absent = StoredProcess(NAME, *PLACE)
    first = StoredProcess(NAME, *PLACE, "one", 1, '{"ä":1}'.encode(), {"unused": ScheduledId(uuid7())})
    second = StoredProcess(NAME, *PLACE, "two", 2, b"{}")
    over = StoredProcess(NAME, *PLACE, "three")
    async with trials(url) as app:
        database = app.database
        await write(database, absent, first)
        assert await database.process_states.read(NAME, {PLACE, ("acme", "2")}) == {PLACE: first}
        for before, after in ((absent, second), (second, first), (second, over)):
            with pytest.raises(StaleRowError):
                await write(database, before, after)
        await write(database, first, second)
        assert await database.process_states.read(NAME, {PLACE}) == {PLACE: second}
        with pytest.raises(StaleRowError):
            await write(database, first, over)
        await write(database, second, over)
        assert await database.process_states.read(NAME, {PLACE}) == {}


async def test_a_beginning_is_noted_once(url: str) -> None:
    async with trials(url) as app:
        states = app.database.process_states
        assert [await states.begin("other", position) for position in (7, 9, 0)] == [7, 7, 7]
