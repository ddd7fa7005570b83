import asyncio
from contextlib import aclosing

import pytest

from duolog.adapters.memory.database import MemoryDatabase
from duolog.eventstore.whole_log import read_log
from duolog.testing.contracts.samples import new_events


@pytest.fixture
async def database() -> MemoryDatabase:
    """A log of five events."""
    database = MemoryDatabase()
    await database.open()
    await database.store.append("user-1", new_events(5))
    return database


async def test_the_next_page_is_asked_for_before_one_is_used(database: MemoryDatabase) -> None:
    """So it holds what the log had then, and nothing that was recorded while the page before was used."""
    sizes: list[int] = []
    async with aclosing(read_log(database.store, until=9, limit=4)) as pages:
        async for page in pages:
            sizes.append(len(page.events))
            if len(sizes) < 3:
                await database.store.append("user-2", new_events(1))
    assert sizes == [4, 1, 1, 1]


async def test_nothing_is_left_running_when_it_is_closed_early(database: MemoryDatabase) -> None:
    """Also where the next page had been asked for."""
    async with aclosing(read_log(database.store, until=5, limit=2)) as pages:
        assert len((await anext(pages)).events) == 2
    assert asyncio.all_tasks() == {asyncio.current_task()}


async def test_nothing_is_read_beyond_its_end(database: MemoryDatabase) -> None:
    """Where that was reached, or was passed before."""
    assert [page async for page in read_log(database.store, after=5, until=5)] == []
    through = [page.through async for page in read_log(database.store, after=1, until=3, limit=2)]
    assert through == [3]
