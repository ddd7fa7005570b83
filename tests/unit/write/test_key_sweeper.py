"""Old idempotency keys are forgotten in the background."""

import asyncio

from duolog import Settings
from duolog.database.port import Database
from duolog.errors import DatabaseError
from duolog.testing import application
from duolog.write.idempotency import IdempotencyRecord, IdempotencyScope
from duolog.write.key_sweeper import KeySweeper
from duolog.write.sealed_work import SealedWork

SCOPE = IdempotencyScope("", "", "open")
HOUR = 3_600


async def store_keys(database: Database, count: int) -> None:
    records = [IdempotencyRecord(SCOPE, f"{number}", b"f", b"1") for number in range(count)]
    await asyncio.gather(*[database.committer.commit(SealedWork(idempotency=record)) for record in records])


class Sweeps:
    """An `IdempotencyStore` that says when it is swept, and may fail."""

    def __init__(self, outcomes: list[int | DatabaseError]) -> None:
        self.outcomes = outcomes
        self.seconds: list[float] = []
        self.done = asyncio.Event()

    async def sweep(self, *, seconds: float, limit: int = 1_000) -> int:
        self.seconds.append(seconds)
        outcome = self.outcomes.pop(0)
        if not self.outcomes:
            self.done.set()
        if isinstance(outcome, DatabaseError):
            raise outcome
        return min(outcome, limit)


async def test_everything_old_goes_batch_by_batch(url: str) -> None:
    """One direct call forgets all that has been kept for long enough."""
    async with application(database=url) as app:
        await store_keys(app.database, 1_203)
        assert await KeySweeper(lambda: app.database.idempotency, hours=1).sweep() == 0
        assert await KeySweeper(lambda: app.database.idempotency, hours=0).sweep() == 1_203
        assert await app.database.idempotency.find(SCOPE, "7") is None


async def test_it_sweeps_in_the_background_until_it_is_stopped() -> None:
    """It begins at once, goes on while batches are full, and keeps keys for the hours that it was told."""
    store = Sweeps([1_000, 1_000, 3])
    sweeper = KeySweeper(lambda: store, hours=2)
    sweeper.start()
    await store.done.wait()
    await sweeper.stop()
    await sweeper.stop()
    assert store.seconds == [2 * HOUR] * 3


async def test_a_database_that_fails_is_tried_again_later() -> None:
    """The background task survives it."""
    store = Sweeps([DatabaseError("the disk is gone")])
    sweeper = KeySweeper(lambda: store, hours=2)
    sweeper.start()
    await store.done.wait()
    await asyncio.sleep(0)
    running = [task for task in asyncio.all_tasks() if task.get_name() == "duolog key sweeper"]
    assert len(running) == 1
    await sweeper.stop()
    assert running[0].cancelled()


async def test_an_application_sweeps_for_as_long_as_it_runs(url: str) -> None:
    """Its task ends with it."""
    async with application(database=url, settings=Settings(idempotency_hours=0.5)):
        assert "duolog key sweeper" in {task.get_name() for task in asyncio.all_tasks()}
    assert "duolog key sweeper" not in {task.get_name() for task in asyncio.all_tasks()}
