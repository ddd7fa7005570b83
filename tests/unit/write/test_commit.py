import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import pytest

from duolog import Aggregate, Criterion, TransactionManager, event
from duolog.errors import (
    ConstraintViolationError,
    PayloadError,
    UncommittedWorkError,
    UnitOfWorkError,
    UnnamedTypeError,
    WorkAfterCommitError,
)
from duolog.eventstore.appends import Appended
from duolog.testing import application
from duolog.write.publishing import published_stream
from tests.unit.write.shelves import (
    BOTH,
    NOTHING,
    Do,
    DoWithout,
    Filled,
    Noticed,
    NotPublishable,
    Plan,
    Ports,
    State,
    put,
    shelves,
    state,
)

ANY_FILLED = Criterion(types=(Filled,))


def event_with(template: str) -> type[Any]:
    @event("shelf.noticed", stream=template)
    @dataclass(frozen=True, slots=True)
    class Templated:
        shelf: str

    return Templated


async def test_row_and_event_are_recorded_together_when_execute_has_returned(url: str) -> None:
    async def run(ports: Ports, tx: TransactionManager, shelf: str) -> None:
        await put(ports, shelf)
        await tx.commit()
        assert await state(app) == NOTHING  # commit() seals; the scope commits

    async with shelves(url, Plan(run)) as app:
        receipt = await app.execute_with_receipt(Do())
        assert await state(app) == BOTH
        assert (receipt.result, receipt.versions) == ("a", {"shelf-a": 1})
        assert receipt.token is not None
        assert receipt.position == receipt.token.position == await app.database.store.head()


async def test_what_is_published_after_commit_is_in_the_same_transaction(url: str) -> None:
    async def run(ports: Ports, tx: TransactionManager, shelf: str) -> None:
        await put(ports, shelf)
        await tx.commit()
        await ports.events.publish(Noticed(shelf))

    async with shelves(url, Plan(run)) as app:
        await app.execute(Do())
        both = State(("a",), ("shelf-a shelf.filled", "shelf_notices-a shelf.noticed"))
        assert await state(app) == both
        with pytest.raises(ConstraintViolationError):
            await app.execute(Do())
        assert await state(app) == both


@pytest.mark.parametrize(
    "stage",
    [
        lambda ports: put(ports, "b"),
        lambda ports: ports.db.execute("DELETE FROM shelves"),
        lambda ports: ports.boundary.read(ANY_FILLED),
        lambda ports: ports.unit.hold_writer(),
    ],
    ids=["events", "statement", "condition", "writer"],
)
async def test_staging_anything_else_after_commit_is_an_error_that_rolls_all_back(
    url: str, stage: Callable[[Ports], Awaitable[object]]
) -> None:
    async def run(ports: Ports, tx: TransactionManager, shelf: str) -> None:
        await put(ports, shelf)
        await tx.commit()
        await stage(ports)

    async with shelves(url, Plan(run)) as app:
        with pytest.raises(WorkAfterCommitError, match=r"cannot .* after commit\(\)"):
            await app.execute(Do())
        assert await state(app) == NOTHING


async def test_an_error_after_commit_rolls_all_back(url: str) -> None:
    async def run(ports: Ports, tx: TransactionManager, shelf: str) -> None:
        await put(ports, shelf)
        await tx.commit()
        raise ZeroDivisionError

    async with shelves(url, Plan(run)) as app:
        with pytest.raises(ZeroDivisionError):
            await app.execute(Do())
        assert await state(app) == NOTHING


async def test_returning_with_staged_work_and_without_commit_is_an_error_with_a_hint(url: str) -> None:
    async def run(ports: Ports, tx: TransactionManager, shelf: str) -> None:
        del tx
        await put(ports, shelf)

    async with shelves(url, Plan(run)) as app:
        with pytest.raises(UncommittedWorkError) as raised:
            await app.execute(Do())
        assert "await tx.commit()" in raised.value.hint
        assert await state(app) == NOTHING


async def test_a_decision_to_do_nothing_needs_no_commit(url: str) -> None:
    async def run(ports: Ports, tx: TransactionManager, shelf: str) -> None:
        del tx, shelf
        assert await ports.db.fetch("SELECT id FROM shelves") == []
        assert await ports.boundary.read(ANY_FILLED) == []

    async with shelves(url, Plan(run)) as app:
        receipt = await app.execute_with_receipt(Do())
        assert (receipt.position, receipt.token, dict(receipt.versions)) == (0, None, {})


async def test_rollback_drops_what_was_staged_and_returning_is_no_error(url: str) -> None:
    async def run(ports: Ports, tx: TransactionManager, shelf: str) -> None:
        await put(ports, shelf)
        await tx.rollback()

    async with shelves(url, Plan(run)) as app:
        assert await app.execute(Do()) == "a"
        assert await state(app) == NOTHING


async def test_a_unit_that_was_rolled_back_takes_no_work_and_no_commit(url: str) -> None:
    async def run(ports: Ports, tx: TransactionManager, shelf: str) -> None:
        await tx.rollback()
        with pytest.raises(UnitOfWorkError, match="is rolled back"):
            await put(ports, shelf)
        with pytest.raises(UnitOfWorkError, match="is rolled back"):
            await ports.events.publish(Noticed(shelf))
        with pytest.raises(UnitOfWorkError, match=r"commit\(\) after rollback\(\)"):
            await tx.commit()

    async with shelves(url, Plan(run)) as app:
        await app.execute(Do())
        assert await state(app) == NOTHING


async def test_commit_twice_is_commit_once(url: str) -> None:
    async def run(ports: Ports, tx: TransactionManager, shelf: str) -> None:
        await put(ports, shelf)
        await tx.commit()
        await tx.commit()

    async with shelves(url, Plan(run)) as app:
        await app.execute(Do())
        assert await state(app) == BOTH


async def test_a_scope_in_which_no_transaction_manager_was_taken_commits_when_execute_returns(url: str) -> None:
    async with shelves(url, Plan(run_without=put)) as app:
        await app.execute(DoWithout())
        assert await state(app) == BOTH


async def test_hooks_run_once_the_work_is_durable_and_learn_where_it_is(url: str) -> None:
    seen: list[tuple[Appended, State]] = []

    async def hook(outcome: Appended) -> None:
        seen.append((outcome, await state(app)))

    async def run(ports: Ports, shelf: str) -> None:
        await put(ports, shelf)
        ports.unit.after_commit(hook)

    async with shelves(url, Plan(run_without=run)) as app:
        receipt = await app.execute_with_receipt(DoWithout())
        ((outcome, then),) = seen
        assert then == BOTH
        assert (outcome.position, outcome.versions) == (receipt.position, receipt.versions)


async def test_hooks_do_not_run_if_the_work_is_rolled_back(url: str) -> None:
    seen: list[Appended] = []

    async def hook(outcome: Appended) -> None:
        seen.append(outcome)

    async def run(ports: Ports, shelf: str) -> None:
        ports.unit.after_commit(hook)
        await put(ports, shelf, name="taken")

    async with shelves(url, Plan(run_without=run)) as app:
        await app.execute(DoWithout("a"))
        with pytest.raises(ConstraintViolationError):
            await app.execute(DoWithout("b"))
    assert len(seen) == 1


async def test_a_hook_that_fails_is_logged_and_changes_nothing(url: str, caplog: pytest.LogCaptureFixture) -> None:
    ran: list[str] = []

    async def fails(_: Appended) -> None:
        message = "the mailer is down"
        raise OSError(message)

    async def second(_: Appended) -> None:
        ran.append("second")

    async def run(ports: Ports, shelf: str) -> None:
        await put(ports, shelf)
        ports.unit.after_commit(fails)
        ports.unit.after_commit(second)

    async with shelves(url, Plan(run_without=run)) as app:
        assert await app.execute(DoWithout()) == "a"
        assert await state(app) == BOTH
    assert ran == ["second"]
    logged = [record for record in caplog.records if record.name == "duolog.write"]
    assert [(record.levelno, record.exc_info is not None) for record in logged] == [(logging.ERROR, True)]


# --- publishing ---------------------------------------------------------------------------------------------------


def test_a_published_event_goes_to_the_stream_its_template_makes_of_its_fields() -> None:
    assert published_stream(Noticed("42")) == "shelf_notices-42"


def test_publishing_an_event_that_declares_no_stream_is_an_error_that_says_how() -> None:
    with pytest.raises(UnnamedTypeError, match=r"NotPublishable is published, but declares no stream\n.*stream="):
        published_stream(NotPublishable("42"))


def test_a_template_that_names_an_unknown_field_or_reaches_into_one_is_refused() -> None:
    for template in ("notices-{item}", "notices-{shelf.__class__}", "notices-{0}", "notices", "Notices-{shelf}", "n-{"):
        with pytest.raises(UnnamedTypeError, match=r"is not a stream that .* can declare\n.*shelf"):
            event_with(template)


def test_a_published_event_may_not_go_to_an_aggregates_category() -> None:
    class Crate(Aggregate[str]):
        category = "crate"

    published = event_with("crate-{shelf}")
    with pytest.raises(UnnamedTypeError, match=rf"category 'crate', which is that of .*{Crate.__name__}"):
        published_stream(published("42"))
    with pytest.raises(UnnamedTypeError, match="which is that of"):
        application(events=[published])


async def test_an_event_that_cannot_be_stored_is_refused_when_it_is_staged(url: str) -> None:
    async def run(ports: Ports, shelf: str) -> None:
        ports.unit.stage(f"shelf-{shelf}", [Filled("a\x00b")])

    async with shelves(url, Plan(run_without=run)) as app:
        with pytest.raises(PayloadError, match="NUL"):
            await app.execute(DoWithout())
        assert await state(app) == NOTHING
