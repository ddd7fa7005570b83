"""A command with an idempotency key takes effect once, and is answered again with what it first returned."""

import asyncio
from collections.abc import AsyncGenerator
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest

from duolog import (
    Actor,
    Application,
    Binding,
    Call,
    Command,
    IdempotencyKey,
    MessageContext,
    Metadata,
    NotAuthorizedError,
    Receipt,
    after,
)
from duolog.errors import (
    ConfigurationError,
    ConflictError,
    IdempotencyInFlightError,
    IdempotencyKeyReusedError,
    InvalidMessageError,
)
from duolog.testing import application
from duolog.write.middleware.idempotency import KeyClaim
from duolog.write.sealed_work import SealedWork
from tests.unit.write.keyed import (
    COUNT,
    BrokenJarError,
    CountJars,
    Guard,
    JarId,
    OpenJar,
    ShakeJar,
    Shop,
    TakeLid,
    WeighJar,
    jars,
    recorded,
)

JAM = OpenJar("jam", "a canary", frozenset({"red", "sweet", "sticky"}))


@pytest.fixture
def shop() -> Shop:
    return Shop()


@pytest.fixture
def guard() -> Guard:
    return Guard()


@pytest.fixture
async def app(url: str, shop: Shop, guard: Guard) -> AsyncGenerator[Application]:
    async with jars(url, shop, authorizer=guard) as app:
        yield app


@dataclass(frozen=True, slots=True)
class Knock(Command[int]):
    """Changes nothing that duolog stores."""


async def test_a_command_that_takes_no_port_is_answered_again_as_well(url: str) -> None:
    knocks: list[Knock] = []

    class Knocks:
        async def execute(self, cmd: Knock) -> int:
            knocks.append(cmd)
            return len(knocks)

    async with application(Knock.handled_by(Knocks), database=url) as app:
        for key, answer in (("a", 1), ("a", 1), ("b", 2)):
            assert await app.execute(Knock(), idempotency_key=key) == answer


async def test_the_same_command_again_is_answered_with_its_first_receipt(app: Application, shop: Shop) -> None:
    """Result, position, versions and token come again; the interactor does not run."""
    first = await app.execute_with_receipt(JAM, idempotency_key="a-key")
    again = await app.execute_with_receipt(replace(JAM), idempotency_key="a-key")
    assert (first.replayed, again.replayed) == (False, True)
    assert again == replace(first, replayed=True)
    assert first.position
    assert shop.opened == 1
    assert await recorded(app) == 1


async def test_without_a_key_every_command_takes_effect(app: Application) -> None:
    """Nothing is guessed from equal commands."""
    assert await app.execute(JAM) != await app.execute(JAM)
    assert await recorded(app) == 2


async def test_a_hundred_tasks_with_one_key_have_one_effect(app: Application, shop: Shop) -> None:
    """Each gets the one answer, or is told that the command is in flight."""
    calls = [app.execute(JAM, idempotency_key="one") for _ in range(100)]
    answers = await asyncio.gather(*calls, return_exceptions=True)
    results = {answer for answer in answers if not isinstance(answer, BaseException)}
    errors = [answer for answer in answers if isinstance(answer, BaseException)]
    assert len(results) == 1
    assert {type(error) for error in errors} <= {IdempotencyInFlightError}
    assert {await app.execute(JAM, idempotency_key="one") for _ in range(3)} == results
    assert shop.opened == 1
    assert await recorded(app) == 1


async def test_a_hundred_tasks_after_the_first_all_get_its_answer(app: Application) -> None:
    """Replays do not stand in each other's way."""
    first = await app.execute(JAM, idempotency_key="one")
    calls = [app.execute(JAM, idempotency_key="one") for _ in range(100)]
    assert set(await asyncio.gather(*calls)) == {first}


async def test_another_command_with_the_key_is_refused(app: Application, shop: Shop) -> None:
    """A fingerprint that differs in anything, also in what is never shown, is another command's."""
    await app.execute(JAM, idempotency_key="one")
    for other in (replace(JAM, label="honey"), replace(JAM, password="other"), replace(JAM, tags=frozenset({"red"}))):
        with pytest.raises(IdempotencyKeyReusedError) as raised:
            await app.execute(other, idempotency_key="one")
        assert "canary" not in str(raised.value)
    assert shop.opened == 1


async def test_keys_of_other_commands_actors_tenants_and_operations_are_other_keys(app: Application) -> None:
    """Nobody is answered with what somebody else did."""
    scopes = [
        Metadata(),
        Metadata(actor=Actor("ann")),
        Metadata(actor=Actor("bob")),
        Metadata(tenant="acme"),
        Metadata(actor=Actor("ann"), tenant="acme"),
    ]
    results = [await app.execute(JAM, metadata=metadata, idempotency_key="one") for metadata in scopes]
    results.append(await app.execute(JAM, idempotency_key=IdempotencyKey("one", "POST /jars")))
    assert len(set(results)) == len(results) == await recorded(app)
    await app.execute(ShakeJar(), idempotency_key="one")
    for metadata, result in zip(scopes, results, strict=False):
        fresh = Metadata(actor=metadata.actor, tenant=metadata.tenant)
        assert await app.execute(JAM, metadata=fresh, idempotency_key="one") == result


async def test_every_storable_result_comes_back_as_it_was(app: Application) -> None:
    """An id of a NewType, a dataclass with ids, amounts and times, and nothing."""
    for send in (
        lambda: app.execute_with_receipt(JAM, idempotency_key="id"),
        lambda: app.execute_with_receipt(WeighJar(Decimal("1.50")), idempotency_key="dataclass"),
        lambda: app.execute_with_receipt(ShakeJar(), idempotency_key="none"),
        lambda: app.execute_bound_with_receipt(COUNT, CountJars(), idempotency_key="int"),
    ):
        first: Receipt[Any] = await send()
        again: Receipt[Any] = await send()
        assert again == replace(first, replayed=True)
        assert type(again.result) is type(first.result)


async def test_a_result_that_cannot_be_stored_is_refused_before_anything_runs(app: Application, shop: Shop) -> None:
    """Only a command that comes with a key needs a result that can be stored."""
    with pytest.raises(ConfigurationError, match="TakeLid cannot be stored"):
        await app.execute(TakeLid(), idempotency_key="one")
    assert shop.runs == 0
    await app.execute(TakeLid())


@pytest.mark.parametrize("key", ["", "x" * 256, "a b", "tab\t", "é", "\x7f", "line\n"])
async def test_a_key_has_visible_ascii_characters_only(app: Application, shop: Shop, key: str) -> None:
    """Every transport and database keeps those as they are."""
    with pytest.raises(InvalidMessageError):
        await app.execute(JAM, idempotency_key=key)
    assert shop.runs == 0
    await app.execute(JAM, idempotency_key="~" * 255)


async def test_what_failed_is_not_stored(app: Application, shop: Shop) -> None:
    """The command may be sent again with its key, and takes effect then."""
    shop.breaks = True
    for _ in range(2):
        with pytest.raises(BrokenJarError):
            await app.execute(JAM, idempotency_key="one")
    assert await recorded(app) == 0
    shop.breaks = False
    jar = await app.execute(JAM, idempotency_key="one")
    assert await app.execute(JAM, idempotency_key="one") == jar
    assert (shop.opened, await recorded(app)) == (3, 1)


async def test_who_may_not_send_a_command_is_not_told_its_stored_answer(app: Application, guard: Guard) -> None:
    """Authorisation comes before the replay."""
    await app.execute(JAM, idempotency_key="one")
    guard.refuses = True
    with pytest.raises(NotAuthorizedError):
        await app.execute(JAM, idempotency_key="one")


async def test_a_swept_key_is_forgotten(app: Application) -> None:
    """After its time a command with the key takes effect again."""
    await app.execute(JAM, idempotency_key="one")
    assert await app.database.idempotency.sweep(seconds=60) == 0
    assert (await app.execute_with_receipt(JAM, idempotency_key="one")).replayed
    assert await app.database.idempotency.sweep(seconds=0) == 1
    assert not (await app.execute_with_receipt(JAM, idempotency_key="one")).replayed
    assert await recorded(app) == 2


async def test_a_cancelled_command_takes_effect_once(app: Application, shop: Shop) -> None:
    """Wherever it is cut off, its key is stored with its effect or not at all, and the next one finishes it."""
    for turns in range(12):
        task = asyncio.create_task(app.execute(JAM, idempotency_key=f"key-{turns}"))
        for _ in range(turns):
            await asyncio.sleep(0)
        task.cancel()
        answer = (await asyncio.gather(task, return_exceptions=True))[0]
        jar = await app.execute(JAM, idempotency_key=f"key-{turns}")
        assert isinstance(answer, asyncio.CancelledError) or answer == jar
        assert await recorded(app) == turns + 1
    assert shop.opened >= 12


class Rival:
    """Stands inside of `idempotency`, and commits the key of a command that passes, as another process would.

    Attributes:
        jar: what the rival's command answered.
        fingerprint: of the rival's command; None for that of the same command.
    """

    name = "rival"

    def __init__(self) -> None:
        self.app: Application | None = None
        self.jar = JarId(uuid4())
        self.fingerprint: bytes | None = None

    def build(self, binding: Binding[Any, Any], proceed: Call) -> Call:  # noqa: ARG002 - the signature of all
        async def call(context: MessageContext) -> object:
            claim = context.find(KeyClaim)
            assert self.app is not None
            assert claim is not None
            record = claim.record(self.jar)
            record = replace(record, fingerprint=self.fingerprint or record.fingerprint)
            await self.app.database.committer.commit(SealedWork(idempotency=record))
            return await proceed(context)

        return call


@pytest.mark.parametrize("breaks", [False, True])
async def test_who_loses_the_race_for_a_key_gets_the_winners_answer(url: str, shop: Shop, *, breaks: bool) -> None:
    """The unique key decides at the commit, also where the loser fails because of what the winner has changed."""
    rival, shop.breaks = Rival(), breaks
    async with jars(url, shop, middleware=[after("idempotency", rival)]) as app:
        rival.app = app
        receipt = await app.execute_with_receipt(JAM, idempotency_key="one")
        assert (receipt.result, receipt.replayed, receipt.position) == (rival.jar, True, 0)
        assert shop.opened == 1
        assert await recorded(app) == 0


async def test_who_loses_the_race_to_another_command_is_refused(url: str, shop: Shop) -> None:
    """The winner's answer is for the winner's command."""
    rival = Rival()
    rival.fingerprint = b"of another command"
    async with jars(url, shop, middleware=[after("idempotency", rival)]) as app:
        rival.app = app
        with pytest.raises(IdempotencyKeyReusedError):
            await app.execute(JAM, idempotency_key="one")
        assert await recorded(app) == 0


async def test_a_key_in_flight_is_a_conflict_at_once(url: str, shop: Shop) -> None:
    """Nobody waits for the first one to end; afterwards its answer is there."""
    inside, go_on = asyncio.Event(), asyncio.Event()
    async with jars(url, shop, middleware=[after("unit_of_work", Gate(inside, go_on))]) as app:
        first = asyncio.create_task(app.execute(JAM, idempotency_key="one"))
        await inside.wait()
        with pytest.raises(IdempotencyInFlightError):
            await app.execute(JAM, idempotency_key="one")
        go_on.set()
        jar = await first
        assert await app.execute(JAM, idempotency_key="one") == jar
        assert shop.opened == 1


class Gate:
    """Holds up what passes."""

    name = "gate"

    def __init__(self, inside: asyncio.Event, go_on: asyncio.Event) -> None:
        self._inside = inside
        self._go_on = go_on

    def build(self, binding: Binding[Any, Any], proceed: Call) -> Call:  # noqa: ARG002 - the signature of all
        async def call(context: MessageContext) -> object:
            self._inside.set()
            await self._go_on.wait()
            return await proceed(context)

        return call


def test_neither_error_is_a_conflict_that_would_be_retried() -> None:
    """A command that sends another one with a key does not run again because of it."""
    assert not issubclass(IdempotencyInFlightError, ConflictError)
    assert not issubclass(IdempotencyKeyReusedError, ConflictError)
