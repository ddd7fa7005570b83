import asyncio
from dataclasses import dataclass

import pytest

from duolog import Application, Command, ConflictError, Metadata, Settings, UnitOfWork
from duolog.dispatch.context import MessageContext, ScopeKind
from duolog.dispatch.middleware.conflict_retry import ConflictRetryMiddleware
from duolog.errors import WrongExpectedVersionError
from duolog.testing import application
from tests.unit.dispatch.counters import MOVE, CounterProvider, Move, Moved, MoveInteractor, Script

KEY = "counter-a"


def counters(url: str, script: Script, **settings: int) -> Application:
    return application(MOVE, database=url, providers=[CounterProvider(script)], settings=Settings(**settings))


async def move_past(app: Application) -> None:
    await app.database.store.append(KEY, [app.codec.encode(Moved(10))])


async def test_a_conflict_runs_the_whole_interactor_again_in_a_new_scope(url: str) -> None:

    async def loses_once(interactor: MoveInteractor) -> None:
        units.append(interactor.unit)
        if len(units) == 1:
            await move_past(app)

    units: list[UnitOfWork] = []
    script = Script(loses_once)
    async with counters(url, script) as app:
        assert await app.execute(Move("a")) == 11
    assert script.built == 2
    assert units[0] is not units[1]
    assert len({metadata.message_id for metadata in script.metadata}) == 1


async def test_attempts_are_bounded_and_the_last_conflict_is_raised(url: str) -> None:
    async def loses(_: MoveInteractor) -> None:
        await move_past(app)

    script = Script(loses)
    async with counters(url, script, attempts=3) as app:
        with pytest.raises(WrongExpectedVersionError) as raised:
            await app.execute(Move("a"))
        assert (raised.value.key, raised.value.actual) == (KEY, 3)
    assert script.built == 3


async def test_one_attempt_means_no_retry(url: str) -> None:
    async def loses(_: MoveInteractor) -> None:
        await move_past(app)

    script = Script(loses)
    async with counters(url, script, attempts=1) as app:
        with pytest.raises(ConflictError):
            await app.execute(Move("a"))
    assert script.built == 1


async def test_other_errors_are_not_retried() -> None:
    async def fails(_: MoveInteractor) -> None:
        raise ZeroDivisionError

    script = Script(fails)
    async with counters("memory://", script) as app:
        with pytest.raises(ZeroDivisionError):
            await app.execute(Move("a"))
    assert script.built == 1


async def test_two_hundred_commands_at_once_for_one_aggregate_all_succeed_with_contiguous_versions(url: str) -> None:
    script = Script()
    async with counters(url, script) as app:
        receipts = await asyncio.gather(*(app.execute_with_receipt(Move("a")) for _ in range(200)))

        assert sorted(receipt.versions[KEY] for receipt in receipts) == list(range(1, 201))
        assert sorted(receipt.result for receipt in receipts) == list(range(1, 201))
        recorded = await app.database.store.read_stream(KEY)
        assert [event.version for event in recorded] == list(range(1, 201))
    assert script.built < 2 * 200 + 200  # taking turns, hardly anybody loses twice


# --- the loop by itself -------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Knock(Command[None]):
    who: int


class KnockInteractor:
    async def execute(self, cmd: Knock) -> None: ...


KNOCK = Knock.handled_by(KnockInteractor)


def knock(who: int) -> MessageContext:
    return MessageContext(Knock(who), ScopeKind.COMMAND, Metadata())


async def test_retries_of_one_key_take_turns_first_come_first_served_and_leave_nothing_behind() -> None:
    middleware = ConflictRetryMiddleware(attempts=5)
    inside, most, order = 0, 0, list[int]()

    async def conflicts_first(context: MessageContext) -> object:
        nonlocal inside, most
        if context.attempts == 1:
            message = "lost"
            raise ConflictError(message, key="one")
        inside += 1
        most = max(most, inside)
        await asyncio.sleep(0)
        inside -= 1
        assert isinstance(context.message, Knock)
        order.append(context.message.who)
        return None

    call = middleware.build(KNOCK, conflicts_first)
    await asyncio.gather(*(call(knock(who)) for who in range(50)))

    assert most == 1
    assert order == list(range(50))
    assert not middleware._turns  # noqa: SLF001


async def test_retries_of_different_keys_run_side_by_side() -> None:
    middleware = ConflictRetryMiddleware(attempts=5)
    together = asyncio.Barrier(2)

    async def meets(context: MessageContext) -> object:
        assert isinstance(context.message, Knock)
        if context.attempts == 1:
            message = "lost"
            raise ConflictError(message, key=str(context.message.who))
        await together.wait()
        return None

    call = middleware.build(KNOCK, meets)
    async with asyncio.timeout(30):
        await asyncio.gather(call(knock(1)), call(knock(2)))


async def test_a_retry_that_is_cancelled_while_it_waits_for_its_turn_leaves_nothing_behind() -> None:
    middleware = ConflictRetryMiddleware(attempts=5)
    has_turn, go_on = asyncio.Event(), asyncio.Event()

    async def conflicts_first(context: MessageContext) -> object:
        if context.attempts == 1:
            message = "lost"
            raise ConflictError(message, key="one")
        has_turn.set()
        await go_on.wait()
        return None

    call = middleware.build(KNOCK, conflicts_first)
    first = asyncio.ensure_future(call(knock(1)))
    await has_turn.wait()
    second = asyncio.ensure_future(call(knock(2)))
    await asyncio.sleep(0)
    second.cancel()
    with pytest.raises(asyncio.CancelledError):
        await second
    go_on.set()
    await first
    assert not middleware._turns  # noqa: SLF001


async def test_a_command_that_a_retried_one_sends_for_the_same_key_does_not_wait_for_its_parent() -> None:
    middleware = ConflictRetryMiddleware(attempts=5)

    async def child(context: MessageContext) -> object:
        if context.attempts == 1:
            message = "lost"
            raise ConflictError(message, key="one")
        return None

    async def parent(context: MessageContext) -> object:
        if context.attempts == 1:
            message = "lost"
            raise ConflictError(message, key="one")
        return await middleware.build(KNOCK, child)(knock(2))

    async with asyncio.timeout(30):
        await middleware.build(KNOCK, parent)(knock(1))
    assert not middleware._turns  # noqa: SLF001
