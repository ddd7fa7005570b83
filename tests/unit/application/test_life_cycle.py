import asyncio
import logging
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from duolog import Application, Binding, Call, MessageContext, Settings, after
from duolog.errors import DatabaseError, NotStartedError, StatementError
from duolog.subscriptions.status import RunnerState
from duolog.testing import application
from tests.unit.application.notes import Gate, ListNotes, Peek, PeekInteractor, TakeNote, notes


async def test_messages_are_handled_inside_only(url: str) -> None:
    app = notes(url)
    with pytest.raises(NotStartedError, match="'test' is not running"):
        await app.execute(TakeNote("a"))
    async with app:
        assert await app.execute(TakeNote("a")) == "a"
    for late in (app.execute(TakeNote("a")), app.query(ListNotes())):
        with pytest.raises(NotStartedError):
            await late
    with pytest.raises(NotStartedError):
        await app.caught_up()


async def test_an_application_starts_once(url: str) -> None:
    app = notes(url)
    async with app:
        with pytest.raises(NotStartedError, match="was started before"):
            await app.start()
        assert await app.execute(TakeNote("a")) == "a"
    with pytest.raises(NotStartedError, match="was started before"):
        await app.start()


async def test_closing_twice_and_closing_what_was_never_started_do_nothing(url: str) -> None:
    app = notes(url)
    await app.close()
    app = notes(url)
    async with app:
        pass
    await app.close()


async def test_a_start_that_fails_leaves_nothing_running(url: str) -> None:
    tasks = asyncio.all_tasks()
    app = application(Peek.handled_by(PeekInteractor), database=url, tables={"broken": "CREATE TABLE broken ("})
    with pytest.raises(StatementError):
        await app.start()
    assert asyncio.all_tasks() == tasks
    with pytest.raises(NotStartedError):
        await app.execute(Peek())


async def test_a_database_that_cannot_be_opened_is_an_error_at_the_start(tmp_path: Path) -> None:
    app = notes(f"sqlite:///{tmp_path / 'missing' / 'folder' / 'x.db'}")
    with pytest.raises(DatabaseError):
        await app.start()


async def test_nothing_runs_on_after_closing(url: str) -> None:
    tasks = asyncio.all_tasks()
    async with notes(url) as app:
        await app.execute(TakeNote("a"))
        await app.caught_up()
    await asyncio.sleep(0)
    assert asyncio.all_tasks() == tasks


async def test_closing_that_is_cancelled_while_it_waits_still_disconnects(url: str) -> None:
    tasks = asyncio.all_tasks()
    gate = Gate()
    gate.open.clear()
    app = notes(url, gate)
    await app.start()
    command = asyncio.create_task(app.execute(TakeNote("a")))
    await gate.inside.wait()
    closing = asyncio.create_task(app.close())
    await asyncio.sleep(0)
    closing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await closing
    command.cancel()
    await asyncio.wait([command])
    assert asyncio.all_tasks() == tasks  # no runner, no sweeper
    with pytest.raises(NotStartedError):
        await app.execute(TakeNote("b"))


async def test_closing_waits_for_messages_under_way(url: str) -> None:
    gate = Gate()
    gate.open.clear()
    app = notes(url, gate)
    async with app:
        task = asyncio.create_task(app.execute(TakeNote("a")))
        await gate.inside.wait()
        asyncio.get_running_loop().call_later(0.05, gate.open.set)
    assert await task == "a"


async def test_closing_cancels_messages_that_take_too_long_and_says_so(
    url: str, caplog: pytest.LogCaptureFixture
) -> None:
    gate = Gate()
    gate.open.clear()
    app = notes(url, gate, settings=Settings(drain_seconds=0.05))
    async with app:
        task = asyncio.create_task(app.execute(TakeNote("a")))
        await gate.inside.wait()
    assert task.cancelled()
    warnings = [record.getMessage() for record in caplog.records if record.name == "duolog.application"]
    assert warnings == ["test: 1 messages were cancelled after 0.05 s of draining"]


async def test_a_caller_that_lives_on_after_its_message_was_cancelled_does_not_hold_closing_up(url: str) -> None:
    gate = Gate()
    gate.open.clear()
    app = notes(url, gate, settings=Settings(drain_seconds=0.1))
    lives_on = asyncio.Event()

    async def caller() -> None:
        try:
            await app.execute(TakeNote("a"))
        except asyncio.CancelledError:
            await lives_on.wait()

    async with asyncio.timeout(30):
        async with app:
            task = asyncio.create_task(caller())
            await gate.inside.wait()
        assert not task.done()
        lives_on.set()
        await task


class Following:
    """Sends two more messages, from tasks of their own, once a note was taken."""

    name = "following"

    def __init__(self, send: Callable[[], Awaitable[None]]) -> None:
        self._send = send

    def build(self, binding: Binding[Any, Any], proceed: Call) -> Call:
        if binding.message is not TakeNote:
            return proceed

        async def call(context: MessageContext) -> object:
            result = await proceed(context)
            await asyncio.gather(self._send(), self._send())
            return result

        return call


async def test_no_new_message_enters_while_closing_but_those_that_inner_ones_send(url: str) -> None:
    async def send() -> None:
        await app.execute(Peek())
        sent.append("peek")

    gate, sent = Gate(), list[str]()
    gate.open.clear()
    app = notes(url, gate, middleware=[after("context", Following(send))])
    await app.start()
    first = asyncio.create_task(app.execute(TakeNote("a")))
    await gate.inside.wait()
    closing = asyncio.create_task(app.close())
    await asyncio.sleep(0)
    with pytest.raises(NotStartedError):
        await app.execute(TakeNote("b"))
    gate.open.set()
    await closing
    assert await first == "a"
    assert sent == ["peek", "peek"]


async def test_without_projections_another_process_must_run_them(url: str) -> None:
    app = notes(url, settings=Settings(after_seconds=0.1))
    await app.start(projections=False)
    try:
        await app.execute(TakeNote("a", "hello"))
        assert await app.query(ListNotes()) == []  # the view is there, and empty
        with pytest.raises(TimeoutError):
            await app.caught_up(timeout=0.1)
    finally:
        await app.close()


async def test_statuses_tell_how_projections_are_doing(url: str) -> None:
    app: Application = notes(url)
    assert app.projection_statuses() == ()
    async with app:
        await app.execute(TakeNote("a", "hello"))
        await app.caught_up()
        (status,) = app.projection_statuses()
        assert (status.subscription, status.version, status.state) == ("notes_view", 1, RunnerState.RUNNING)
        assert status.position == await app.database.store.head()


def test_an_application_logs_nothing_of_itself_before_it_starts(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        notes("memory://")
    assert not [record for record in caplog.records if record.name.startswith("duolog")]
