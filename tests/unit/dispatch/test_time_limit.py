import asyncio

import pytest

from duolog import Application, Metadata, Settings
from duolog.dispatch.middleware.time_limit import TimeLimit
from duolog.errors import TimeLimitExceededError
from duolog.testing import application
from tests.unit.dispatch.counters import MOVE, CounterProvider, Move, Moved, MoveInteractor, Script

LIMIT = 0.05


def limited(url: str, script: Script) -> Application:
    return application(
        MOVE, database=url, providers=[CounterProvider(script)], settings=Settings(command_seconds=LIMIT)
    )


async def test_a_command_that_takes_too_long_is_cancelled_and_rolled_back(url: str) -> None:
    ended: list[type[BaseException]] = []

    async def stuck(interactor: MoveInteractor) -> None:
        interactor.unit.stage("counter-b", [Moved(1)])
        try:
            await asyncio.Event().wait()
        except BaseException as error:
            ended.append(type(error))
            raise

    script = Script(stuck)
    async with limited(url, script) as app:
        with pytest.raises(TimeLimitExceededError, match=r"Move took longer than 0.05 s; .* rolled back") as raised:
            await app.execute(Move("a"))
        assert raised.value.seconds == LIMIT
        assert ended == [asyncio.CancelledError]
        assert await app.database.store.head() == 0

        async def quick(_: MoveInteractor) -> None: ...

        script.step = quick
        assert await app.execute(Move("a")) == 1


async def test_the_limit_spans_all_attempts(url: str) -> None:
    async def loses(_: MoveInteractor) -> None:
        # Somebody else moves the counter in every attempt, and each takes its time.
        await asyncio.sleep(LIMIT / 3)
        await app.database.store.append("counter-a", [app.codec.encode(Moved(1))])

    async with limited(url, Script(loses)) as app:
        with pytest.raises(TimeLimitExceededError):
            await app.execute(Move("a"))


async def test_a_commit_that_was_sent_in_time_is_answered_however_late_its_outcome_comes() -> None:
    script = Script()
    async with limited("memory://", script) as app:
        committer = app.database.committer
        held = await committer.hold_writer(seconds=5)
        sent = asyncio.create_task(app.execute(Move("a")))
        await asyncio.sleep(LIMIT * 3)
        assert not sent.done()
        await held.close()

        assert await sent == 1
        assert await app.database.store.head() == 1


async def test_the_limit_holds_again_for_the_attempt_after_a_conflict() -> None:
    attempts = 0

    async def conflicts_then_sticks(_: MoveInteractor) -> None:
        nonlocal attempts
        attempts += 1
        if attempts == 1:
            await app.database.store.append("counter-a", [app.codec.encode(Moved(1))])
        else:
            await asyncio.Event().wait()

    async with limited("memory://", Script(conflicts_then_sticks)) as app:
        with pytest.raises(TimeLimitExceededError):
            await app.execute(Move("a"))
    assert attempts == 2


async def test_each_message_has_its_own_time_whichever_ends_first() -> None:
    """Limits of one length share a timer: those that began earlier and have ended must not end the later ones."""

    async def waits(interactor: MoveInteractor) -> None:
        if interactor.unit.tenant == "stuck":
            await asyncio.Event().wait()

    async with limited("memory://", Script(waits)) as app:
        stuck = Metadata(tenant="stuck")
        begun = asyncio.get_running_loop().time()
        first = asyncio.create_task(app.execute(Move("a"), metadata=stuck))
        await asyncio.sleep(LIMIT / 2)
        assert await app.execute(Move("b")) == 1
        second = asyncio.create_task(app.execute(Move("c"), metadata=stuck))
        for sent in (first, second):
            with pytest.raises(TimeLimitExceededError):
                await sent
        assert asyncio.get_running_loop().time() - begun >= LIMIT * 1.5


async def test_a_cancelled_message_is_cancelled_and_not_late() -> None:
    async def stuck(_: MoveInteractor) -> None:
        await asyncio.Event().wait()

    async with limited("memory://", Script(stuck)) as app:
        sent = asyncio.create_task(app.execute(Move("a")))
        await asyncio.sleep(0)
        sent.cancel()
        with pytest.raises(asyncio.CancelledError):
            await sent
        await asyncio.sleep(LIMIT * 1.5)
        assert await app.database.store.head() == 0


async def test_a_limit_that_was_suspended_when_its_time_was_up_cancels_once() -> None:
    task = asyncio.create_task(asyncio.Event().wait())
    limit = TimeLimit(task, 0.0, 0)
    limit.suspend()
    limit.up()
    assert not task.cancelling()
    limit.resume()
    limit.resume()
    assert task.cancelling() == 1
