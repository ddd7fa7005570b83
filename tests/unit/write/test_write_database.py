import asyncio

import pytest

from duolog import Application, ConflictError, Constraint, Exactly, Settings, TransactionManager
from duolog.errors import ConstraintViolationError, DatabaseBusyError, StaleRowError, StatementError
from tests.unit.write.shelves import BOTH, NOTHING, Do, DoWithout, Filled, Plan, Ports, State, put, shelves, state


class NameTakenError(Exception):
    """The domain's word for a broken constraint."""


NAME_TAKEN = {Constraint("shelves", ("name",)): NameTakenError}


async def version(app: Application, shelf: str) -> object:
    reader = app.database.open_reader()
    try:
        return await reader.fetch_value("SELECT version FROM shelves WHERE id = :id", {"id": shelf})
    finally:
        await reader.close()


async def test_the_row_and_the_events_of_one_command_are_one_transaction(url: str) -> None:
    async def second_row_is_refused(ports: Ports, shelf: str) -> None:
        await put(ports, shelf)
        await ports.db.execute("INSERT INTO shelves (id, name) VALUES ('b', :name)", {"name": shelf})

    async def stale_stream(ports: Ports, shelf: str) -> None:
        del shelf
        await put(ports, "c")
        ports.unit.stage("shelf-a", [Filled("lamp")], Exactly(7))

    plan = Plan(run_without=put)
    async with shelves(url, plan, settings=Settings(attempts=1)) as app:
        await app.execute(DoWithout())
        assert await state(app) == BOTH
        for run, error in ((second_row_is_refused, ConstraintViolationError), (stale_stream, ConflictError)):
            plan.run_without = run
            with pytest.raises(error):
                await app.execute(DoWithout("c"))
            assert await state(app) == BOTH


async def test_a_broken_constraint_is_raised_by_execute_as_the_declared_domain_error(url: str) -> None:
    async def run(ports: Ports, shelf: str) -> None:
        await ports.db.execute("INSERT INTO shelves (id, name) VALUES (:id, 'one')", {"id": shelf}, errors=NAME_TAKEN)
        ports.unit.stage(f"shelf-{shelf}", [Filled("book")])

    plan = Plan(run_without=run)
    async with shelves(url, plan) as app:
        await app.execute(DoWithout("a"))
        with pytest.raises(NameTakenError):
            await app.execute(DoWithout("b"))
        plan.run_without = lambda ports, shelf: put(ports, shelf, name="two")
        with pytest.raises(ConstraintViolationError) as raised:
            await app.execute(DoWithout("a"))  # the primary key: nothing is declared for it
        assert (raised.value.table, raised.value.columns) == ("shelves", ("id",))
        assert await state(app) == BOTH


async def test_a_guard_that_fails_runs_the_command_again_until_it_succeeds(url: str) -> None:
    async def rename(ports: Ports, shelf: str) -> None:
        seen = await ports.db.fetch_value("SELECT version FROM shelves WHERE id = :id", {"id": shelf})
        await asyncio.sleep(0)
        await ports.db.execute(
            "UPDATE shelves SET version = version + 1 WHERE id = :id AND version = :seen",
            {"id": shelf, "seen": seen},
            rows=1,
            key=f"shelf {shelf}",
        )

    plan = Plan(run_without=put)
    async with shelves(url, plan) as app:
        await app.execute(DoWithout())
        plan.run_without, plan.attempts = rename, 0
        await asyncio.gather(*(app.execute(DoWithout()) for _ in range(40)))
        assert await version(app, "a") == 41
        assert plan.attempts > 40


async def test_a_guard_that_keeps_failing_is_a_conflict_with_its_key(url: str) -> None:
    async def run(ports: Ports, shelf: str) -> None:
        await ports.db.execute("DELETE FROM shelves WHERE id = :id", {"id": shelf}, rows=1, key="shelf z")

    plan = Plan(run_without=run)
    async with shelves(url, plan, settings=Settings(attempts=3)) as app:
        with pytest.raises(StaleRowError) as raised:
            await app.execute(DoWithout("z"))
        assert (raised.value.key, raised.value.expected, raised.value.actual) == ("shelf z", 1, 0)
    assert plan.attempts == 3


async def test_a_fetch_after_a_buffered_write_is_refused_with_a_hint(url: str) -> None:
    async def run(ports: Ports, shelf: str) -> None:
        await put(ports, shelf)
        for fetch in (ports.db.fetch, ports.db.fetch_one, ports.db.fetch_value):
            with pytest.raises(StatementError, match="hold_writer"):
                await fetch("SELECT id FROM shelves")

    async with shelves(url, Plan(run_without=run)) as app:
        await app.execute(DoWithout())
        assert await state(app) == BOTH


async def test_who_holds_the_writer_reads_its_own_writes_also_those_from_before(url: str) -> None:
    async def run(ports: Ports, shelf: str) -> None:
        await put(ports, shelf)
        await ports.db.hold_writer(seconds=5)
        assert await ports.db.fetch_value("SELECT count(*) FROM shelves") == 1
        await ports.db.hold_writer(seconds=5)  # it has it
        assert await ports.db.fetch_value("SELECT name FROM shelves WHERE id = :id", {"id": shelf}) == shelf

    async with shelves(url, Plan(run_without=run)) as app:
        await app.execute(DoWithout())
        assert await state(app) == BOTH


async def test_writes_after_the_writer_was_taken_are_seen_as_well(url: str) -> None:
    async def run(ports: Ports, shelf: str) -> None:
        await ports.db.hold_writer(seconds=5)
        await put(ports, shelf)
        assert await ports.db.fetch_value("SELECT count(*) FROM shelves") == 1

    async with shelves(url, Plan(run_without=run)) as app:
        await app.execute(DoWithout())
        assert await state(app) == BOTH


async def test_an_error_while_the_writer_is_held_rolls_back_and_gives_it_to_the_next(url: str) -> None:
    async def run(ports: Ports, shelf: str) -> None:
        await ports.db.hold_writer(seconds=5)
        await put(ports, shelf)
        await ports.db.fetch("SELECT id FROM shelves")
        if shelf == "bad":
            raise ZeroDivisionError

    async with shelves(url, Plan(run_without=run)) as app:
        with pytest.raises(ZeroDivisionError):
            await app.execute(DoWithout("bad"))
        assert await state(app) == NOTHING
        async with asyncio.timeout(20):
            await app.execute(DoWithout())
        assert await state(app) == BOTH


async def test_a_writer_that_is_held_too_long_is_taken_back_and_the_command_fails(url: str) -> None:
    async def run(ports: Ports, shelf: str) -> None:
        await ports.db.hold_writer(seconds=0.05)
        await put(ports, shelf)
        await asyncio.sleep(0.2)

    plan = Plan(run_without=run)
    async with shelves(url, plan) as app:
        with pytest.raises(DatabaseBusyError):
            await app.execute(DoWithout())
        assert await state(app) == NOTHING
        plan.run_without = put
        await app.execute(DoWithout())
        assert await state(app) == BOTH


@pytest.mark.parametrize("statement", ["COMMIT", "ROLLBACK", "SAVEPOINT x", "RELEASE x"])
async def test_a_statement_may_not_touch_the_transaction_or_the_connection(url: str, statement: str) -> None:
    async def run(ports: Ports, shelf: str) -> None:
        await put(ports, shelf)
        await ports.db.execute(statement)

    async with shelves(url, Plan(run_without=run)) as app:
        with pytest.raises(StatementError, match="not allowed here"):
            await app.execute(DoWithout())
        assert await state(app) == NOTHING


async def test_missing_and_unknown_parameters_are_refused_when_staged_without_their_values(url: str) -> None:
    async def run(ports: Ports, shelf: str) -> None:
        await ports.db.execute("INSERT INTO shelves (id, name) VALUES (:id, :name)", {"id": shelf, "nam": "sesame"})

    async with shelves(url, Plan(run_without=run)) as app:
        with pytest.raises(StatementError, match="missing: name; unknown: nam") as raised:
            await app.execute(DoWithout())
        assert "sesame" not in str(raised.value)


async def test_the_snapshot_of_a_command_is_the_one_from_before_its_writes(url: str) -> None:
    async def run(ports: Ports, tx: TransactionManager, shelf: str) -> None:
        assert await ports.db.fetch("SELECT id FROM shelves") == []
        await put(ports, shelf)
        await tx.commit()

    async with shelves(url, Plan(run)) as app:
        await app.execute(Do())
        assert (await state(app)) == State(("a",), BOTH.events)


async def test_a_guard_that_fails_while_the_writer_is_held_is_a_conflict_like_any_other(url: str) -> None:
    async def run(ports: Ports, shelf: str) -> None:
        await ports.db.hold_writer(seconds=5)
        await ports.db.execute("DELETE FROM shelves WHERE id = :id", {"id": shelf}, rows=1, key="shelf a")

    plan = Plan(run_without=run)
    async with shelves(url, plan, settings=Settings(attempts=2)) as app:
        with pytest.raises(StaleRowError):
            await app.execute(DoWithout())
        assert plan.attempts == 2
        plan.run_without = put
        await app.execute(DoWithout())
        assert await state(app) == BOTH
