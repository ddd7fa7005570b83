"""What a unit of work refuses once its scope is over, and what it does not let leak."""

import asyncio

import pytest

from duolog import TransactionManager
from duolog.errors import ConstraintViolationError, StatementError, UnitOfWorkError, WorkAfterCommitError
from tests.unit.write.shelves import NOTHING, Do, DoWithout, Plan, Ports, put, shelves, state


async def test_a_fetch_after_rollback_is_refused_and_takes_no_connection(url: str) -> None:
    async def run(ports: Ports, tx: TransactionManager, shelf: str) -> None:
        await tx.rollback()
        with pytest.raises(UnitOfWorkError, match="rolled back"):
            await ports.db.fetch("SELECT id FROM shelves WHERE id = :id", {"id": shelf})

    async with shelves(url, Plan(run=run)) as app:
        for _ in range(70):  # more than there are connections
            await app.execute(Do())
        assert await state(app) == NOTHING


async def test_a_task_that_outlives_its_command_cannot_read_any_more(url: str) -> None:
    kept: list[Ports] = []

    async def run(ports: Ports, _: str) -> None:
        kept.append(ports)

    async with shelves(url, Plan(run_without=run)) as app:
        await app.execute(DoWithout())
        with pytest.raises(UnitOfWorkError, match="committed"):
            await kept[0].db.fetch("SELECT id FROM shelves")


async def test_the_writer_in_hand_lets_nobody_write_after_the_seal(url: str) -> None:
    async def run(ports: Ports, tx: TransactionManager, shelf: str) -> None:
        await ports.db.hold_writer(seconds=5)
        await tx.commit()
        with pytest.raises(WorkAfterCommitError):
            await put(ports, shelf)

    async with shelves(url, Plan(run=run)) as app:
        await app.execute(Do())
        assert await state(app) == NOTHING


async def test_a_staged_statement_that_fails_when_the_writer_is_taken_rolls_all_back(url: str) -> None:
    async def run(ports: Ports, shelf: str) -> None:
        await put(ports, shelf)
        await put(ports, shelf)
        await put(ports, "b")
        with pytest.raises(ConstraintViolationError):
            await ports.db.hold_writer(seconds=5)

    async with shelves(url, Plan(run_without=run)) as app:
        await app.execute(DoWithout())
        assert await state(app) == NOTHING


async def test_a_hook_that_ends_as_cancelled_does_not_hide_that_the_work_is_durable(url: str) -> None:
    async def hook(_: object) -> None:
        raise asyncio.CancelledError

    async def run(ports: Ports, shelf: str) -> None:
        await put(ports, shelf)
        ports.unit.after_commit(hook)

    async with shelves(url, Plan(run_without=run)) as app:
        assert await app.execute(DoWithout()) == "a"
        assert await state(app) != NOTHING


async def test_a_buffered_write_is_not_overlooked_by_a_gateway_in_the_same_command(url: str) -> None:
    async def run(ports: Ports, shelf: str) -> None:
        await put(ports, shelf)
        with pytest.raises(StatementError, match="buffered writes"):
            await ports.reads.fetch("SELECT id FROM shelves")

    async with shelves(url, Plan(run_without=run)) as app:
        await app.execute(DoWithout())
