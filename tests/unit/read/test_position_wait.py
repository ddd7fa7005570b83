import asyncio
from collections.abc import AsyncIterator

import pytest

from duolog.adapters.memory import open_database
from duolog.database.port import Database
from duolog.errors import AfterTimeoutError, ForeignTokenError, PositionAheadOfLogError, ViewParkedError
from duolog.read.position_token import PositionToken
from duolog.read.position_wait import PositionWait
from duolog.subscriptions.progress import Progress
from tests.unit.projections.accounts import (
    BAD_AMOUNT,
    AccountOpened,
    AccountViewed,
    AmountMoved,
    Balance,
    BalanceProjection,
    VisitProjection,
    Worker,
)

READS = [BalanceProjection]


@pytest.fixture
async def database() -> AsyncIterator[Database]:
    opened = open_database("memory://")
    await opened.open()
    yield opened
    await opened.close()


@pytest.fixture
def worker(database: Database) -> Worker:
    return Worker(database, [BalanceProjection, VisitProjection])


@pytest.fixture
def wait(worker: Worker) -> PositionWait:
    return PositionWait(worker.database.store, worker.database.parking, worker.progress)


async def test_what_was_written_is_there_when_the_wait_is_over(worker: Worker, wait: PositionWait) -> None:
    async with worker:
        await worker.append("account-a", AccountOpened("ann"))
        for amount in range(1, 10):
            position = await worker.append("account-a", AmountMoved(1))
            await wait.until(READS, position, 5)
            assert await worker.balances() == [Balance("account-a", amount, amount)]


async def test_every_read_model_is_waited_for(worker: Worker, wait: PositionWait) -> None:
    async with Worker(worker.database, [BalanceProjection]):
        position = await worker.append("account-a", AccountOpened("ann"))
        await wait.until([BalanceProjection], position, 5)
        with pytest.raises(AfterTimeoutError) as caught:
            await wait.until([BalanceProjection, VisitProjection], position, 0.05)
    assert caught.value.reached == {"visits_view": 0}


async def test_a_view_that_another_process_keeps_is_waited_for(database: Database) -> None:
    reader = PositionWait(database.store, database.parking, Progress(database.checkpoints))
    async with Worker(database) as elsewhere:
        position = await elsewhere.append("account-a", AccountOpened("ann"))
        await reader.until(READS, position, 5)
        unwanted = await elsewhere.append("account-a", AccountViewed("bob"))
        await reader.until(READS, unwanted, 5)


async def test_a_view_that_stays_behind_is_reported_with_how_far_it_is(worker: Worker, wait: PositionWait) -> None:
    position = await worker.append("account-a", AccountOpened("ann"))
    with pytest.raises(AfterTimeoutError) as caught:
        await wait.until(READS, position, 0.05)
    assert (caught.value.position, caught.value.reached) == (position, {"balances_view": 0})


async def test_a_position_above_the_logs_end_is_refused_at_once(worker: Worker, wait: PositionWait) -> None:
    async with worker:
        position = await worker.append("account-a", AccountOpened("ann"))
        async with asyncio.timeout(20):
            with pytest.raises(PositionAheadOfLogError) as caught:
                await wait.until(READS, position + 1, 60)
    assert (caught.value.position, caught.value.head) == (position + 1, position)


async def test_a_parked_position_is_an_error_rather_than_an_older_answer(worker: Worker, wait: PositionWait) -> None:
    async with worker:
        good = await worker.append("account-a", AccountOpened("ann"))
        poison = await worker.append("account-a", AmountMoved(BAD_AMOUNT))
        behind = await worker.append("account-a", AmountMoved(1))
        other = await worker.append("account-b", AccountOpened("bob"))
        for position in (poison, behind):
            with pytest.raises(ViewParkedError) as caught:
                await wait.until(READS, position, 5)
            assert (caught.value.position, caught.value.view) == (position, "balances_view")
        await wait.until(READS, good, 5)
        await wait.until(READS, other, 5)
        await wait.until([VisitProjection], poison, 5)


async def test_a_token_asks_for_all_events_of_its_command(worker: Worker, wait: PositionWait) -> None:
    log_id = worker.database.store.log_id
    async with worker:
        opened = await worker.append("account-a", AccountOpened("ann"))
        last = await worker.append("account-a", AmountMoved(BAD_AMOUNT), AccountViewed("bob"), AccountViewed("bob"))
        await wait.until(READS, last, 5)
        with pytest.raises(ViewParkedError):
            await wait.until(READS, PositionToken(log_id, last - 2, last), 5)
        await wait.until(READS, PositionToken(log_id, opened, opened), 5)


async def test_a_token_of_another_log_is_refused(worker: Worker, wait: PositionWait) -> None:
    async with worker:
        position = await worker.append("account-a", AccountOpened("ann"))
        with pytest.raises(ForeignTokenError, match="another log"):
            await wait.until(READS, PositionToken("another", position, position), 5)


@pytest.mark.parametrize("position", [-1, 2**63, 10**40])
async def test_a_number_that_is_no_position_is_refused(wait: PositionWait, position: int) -> None:
    with pytest.raises(ForeignTokenError):
        await wait.until(READS, position, 5)


async def test_position_0_and_a_query_of_tables_wait_for_nothing(worker: Worker, wait: PositionWait) -> None:
    async with asyncio.timeout(20):
        await wait.until(READS, 0, 60)
        await wait.until(READS, PositionToken(worker.database.store.log_id, 0, 0), 60)
        await wait.until([], 99, 60)
