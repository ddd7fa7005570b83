import asyncio
import logging

import pytest

from duolog.database.port import Database
from duolog.subscriptions.progress import Progress
from duolog.subscriptions.runner import Pace
from duolog.subscriptions.status import RunnerState
from tests.unit.subscriptions.eventually import eventually
from tests.unit.subscriptions.numbers import QUICK, SHARE, VIEW, Recorder, append, runner


@pytest.fixture
def progress(database: Database) -> Progress:
    progress = Progress(database.checkpoints)
    progress.laid_out(VIEW.subscription, [SHARE])
    return progress


async def reached(progress: Progress, position: int) -> None:
    async with asyncio.timeout(30):
        await progress.reached(VIEW.subscription, position)


async def test_every_event_arrives_once_in_order_in_bounded_pages(database: Database, progress: Progress) -> None:
    recorder = Recorder(database)
    await append(database, 12)
    running = runner(recorder, progress)
    await running.start()
    await reached(progress, 12)
    await reached(progress, await append(database, 3))
    await running.stop(seconds=5)

    assert recorder.positions == list(range(1, 16))
    assert max(len(page) for page in recorder.pages) <= QUICK.batch


async def test_stopping_lets_the_running_page_end_and_gives_the_lease_back(
    database: Database, progress: Progress
) -> None:
    recorder = Recorder(database)
    recorder.may_go.clear()
    await append(database, 12)
    running = runner(recorder, progress)
    await running.start()
    await recorder.entered.wait()
    stopping = asyncio.create_task(running.stop(seconds=5))
    done, _ = await asyncio.wait({stopping}, timeout=0.05)
    assert not done
    recorder.may_go.set()
    await stopping

    assert recorder.positions == [1, 2, 3, 4, 5]
    assert running.status.state is RunnerState.STOPPED
    assert await database.leases.read_all() == []


async def test_a_page_that_does_not_end_in_time_is_rolled_back_when_stopping(
    database: Database, progress: Progress
) -> None:
    recorder = Recorder(database)
    recorder.may_go.clear()
    await append(database)
    running = runner(recorder, progress)
    await running.start()
    await recorder.entered.wait()
    await running.stop(seconds=0.01)

    assert recorder.pages == []
    assert running.status.state is RunnerState.STOPPED
    assert await database.leases.read_all() == []
    (checkpoint,) = await database.checkpoints.read(VIEW.subscription)
    assert checkpoint.position == 0


async def test_an_idle_runner_stops_at_once(database: Database, progress: Progress) -> None:
    running = runner(Recorder(database), progress, pace=Pace())
    await running.start()
    async with asyncio.timeout(30):
        await running.stop(seconds=30)
        await running.stop(seconds=30)


async def test_a_runner_that_never_started_can_be_stopped(database: Database, progress: Progress) -> None:
    await runner(Recorder(database), progress).stop(seconds=1)


async def test_a_page_is_given_up_when_somebody_takes_the_lease_over(database: Database, progress: Progress) -> None:
    recorder = Recorder(database)
    recorder.may_go.clear()
    await append(database)
    running = runner(recorder, progress)
    await running.start()
    await recorder.entered.wait()
    await database.leases.release(recorder.begun[0])
    other = await database.leases.acquire(SHARE, "host/2/2", seconds=60)
    assert other is not None

    await eventually(lambda: running.status.state is RunnerState.WAITING)
    assert running.status.error == ""  # nothing has failed
    assert not progress.has_reached(VIEW.subscription, 0)
    recorder.may_go.set()
    await database.leases.release(other)
    await reached(progress, 1)
    await running.stop(seconds=5)
    assert recorder.positions == [1]
    assert [lease.token for lease in recorder.begun] == [other.token - 1, other.token + 1]


class UnprintableError(Exception):
    def __str__(self) -> str:
        message = "no text"
        raise RuntimeError(message)


@pytest.mark.parametrize("error", [ValueError("wrong"), UnprintableError(), asyncio.CancelledError()])
async def test_nothing_that_a_processor_raises_ends_the_runner(
    database: Database, progress: Progress, caplog: pytest.LogCaptureFixture, error: BaseException
) -> None:
    recorder = Recorder(database, errors=[error, error, error])
    running = runner(recorder, progress)
    await running.start()
    await reached(progress, await append(database))
    await running.stop(seconds=5)

    assert recorder.positions == [1]
    assert running.status.error == ""
    assert [entry.message for entry in caplog.records] == ["subscription numbers failed; it goes on trying"]


async def test_a_run_of_failures_is_one_warning_and_the_next_run_another_one(
    database: Database, progress: Progress, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING, "duolog.subscriptions")
    recorder = Recorder(database, errors=[ValueError("wrong")] * 5)
    running = runner(recorder, progress)
    await running.start()
    await reached(progress, await append(database))
    recorder.errors.append(ValueError("wrong again"))
    await reached(progress, await append(database))
    await running.stop(seconds=5)

    assert [entry.message for entry in caplog.records] == ["subscription numbers failed; it goes on trying"] * 2


async def test_two_runners_never_apply_an_event_twice_while_the_lease_goes_from_one_to_the_other(
    database: Database, progress: Progress
) -> None:
    recorder = Recorder(database)
    other_progress = Progress(database.checkpoints)
    first, second = runner(recorder, progress, owner="host/1/1"), runner(recorder, other_progress, owner="host/2/2")
    await first.start()
    await second.start()
    await append(database, 20)
    await reached(progress, 10)
    await first.stop(seconds=5)
    await reached(other_progress, await append(database, 20))
    await second.stop(seconds=5)

    assert recorder.positions == list(range(1, 41))
    assert len(recorder.begun) == 2
