import asyncio

import pytest

from duolog.database.port import Database
from duolog.errors import DatabaseError
from duolog.subscriptions.checkpoints import Checkpoint
from duolog.subscriptions.processed import Stretch
from duolog.subscriptions.progress import Progress
from duolog.subscriptions.share import Share
from tests.unit.subscriptions.numbers import advance

NAME = "numbers"
SHARE = Share(NAME)


@pytest.fixture
def progress(database: Database) -> Progress:
    progress = Progress(database.checkpoints)
    progress.laid_out(NAME, [SHARE])
    return progress


async def is_waiting(task: asyncio.Task[None]) -> bool:
    done, _ = await asyncio.wait({task}, timeout=0.03)
    return not done


async def test_a_position_of_this_process_is_reached_as_soon_as_its_runner_says_so(progress: Progress) -> None:
    progress.moved(SHARE, 3)
    waiting = asyncio.create_task(progress.reached(NAME, 5))
    assert await is_waiting(waiting)
    progress.moved(SHARE, 4)
    assert await is_waiting(waiting)
    progress.moved(SHARE, 5)
    await asyncio.wait_for(waiting, 5)
    assert progress.has_reached(NAME, 5)
    assert not progress.has_reached(NAME, 6)


async def test_a_position_of_another_process_is_reached_when_its_checkpoint_is_there(
    database: Database, progress: Progress
) -> None:
    early, late = (asyncio.create_task(progress.reached(NAME, position)) for position in (5, 7))
    await advance(database, 6)
    await asyncio.wait_for(early, 5)
    assert await is_waiting(late)
    await advance(database, 7)
    await asyncio.wait_for(late, 5)
    assert not progress.has_reached(NAME, 7)
    assert await progress.position(NAME) == 7


async def test_waiting_goes_on_when_another_process_takes_the_subscription_over(
    database: Database, progress: Progress
) -> None:
    progress.moved(SHARE, 3)
    waiting = asyncio.create_task(progress.reached(NAME, 5))
    assert await is_waiting(waiting)
    progress.disowned(SHARE)
    await advance(database, 5)
    await asyncio.wait_for(waiting, 5)


async def test_what_this_process_knew_counts_no_more_when_it_is_not_the_owner(progress: Progress) -> None:
    progress.moved(SHARE, 9)
    progress.disowned(SHARE)
    assert await progress.position(NAME) == 0
    assert not progress.has_reached(NAME, 1)


class CountingCheckpoints:
    """Counts reads, and fails when told so."""

    def __init__(self) -> None:
        self.reads = 0
        self.error: Exception | None = None

    async def read(self, subscription: str) -> list[Checkpoint]:
        del subscription
        self.reads += 1
        if self.error is not None:
            raise self.error
        return []

    async def read_all(self) -> list[Checkpoint]:
        return []

    async def read_share(self, share: Share) -> Checkpoint | None:
        del share
        return None

    async def stretches(self, subscription: str, generation: int) -> list[Stretch]:
        del subscription, generation
        return []


async def test_many_who_wait_share_one_poll_and_nobody_polls_when_they_have_gone() -> None:
    checkpoints = CountingCheckpoints()
    progress = Progress(checkpoints)
    waiting = [asyncio.create_task(progress.reached(NAME, 1)) for _ in range(100)]
    await asyncio.sleep(0)
    at_start = checkpoints.reads
    assert at_start == 100
    await asyncio.sleep(0.1)
    assert checkpoints.reads - at_start <= 20
    for task in waiting:
        task.cancel()
    await asyncio.wait(waiting)
    at_end = checkpoints.reads
    await asyncio.sleep(0.15)
    assert checkpoints.reads == at_end


async def test_who_waits_gets_the_error_of_a_database_that_fails() -> None:
    checkpoints = CountingCheckpoints()
    waiting = asyncio.create_task(Progress(checkpoints).reached(NAME, 1))
    assert await is_waiting(waiting)
    checkpoints.error = DatabaseError("broken")
    with pytest.raises(DatabaseError, match="broken"):
        await asyncio.wait_for(waiting, 5)
