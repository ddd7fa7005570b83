import asyncio
from dataclasses import dataclass

import pytest

from duolog import (
    Application,
    Command,
    Criterion,
    DecisionBoundary,
    Metadata,
    Settings,
    Tag,
    TransactionManager,
    UnitOfWork,
    event,
)
from duolog.errors import AppendConditionFailedError
from duolog.testing import application


@event("member.registered", tags=lambda registered: [Tag("email", registered.email, personal=True)])
@dataclass(frozen=True, slots=True)
class Registered:
    email: str
    member: str


@event("member.left", tags=lambda left: [Tag("email", left.email, personal=True)])
@dataclass(frozen=True, slots=True)
class Left:
    email: str


class EmailTakenError(Exception):
    """The e-mail belongs to somebody."""


@dataclass(frozen=True, slots=True)
class Register(Command[None]):
    email: str
    member: str


class RegisterInteractor:
    def __init__(self, unit: UnitOfWork, boundary: DecisionBoundary, tx: TransactionManager) -> None:
        self._unit = unit
        self._boundary = boundary
        self._tx = tx

    async def execute(self, cmd: Register) -> None:
        tag = Tag("email", cmd.email, personal=True)
        history = await self._boundary.read(Criterion((Registered, Left), (tag,)))
        if history and isinstance(history[-1], Registered):
            raise EmailTakenError
        await asyncio.sleep(0)
        self._unit.stage(f"member-{cmd.member}", [Registered(cmd.email, cmd.member)])
        await self._tx.commit()


def members(url: str, **settings: int) -> Application:
    return application(Register.handled_by(RegisterInteractor), database=url, settings=Settings(**settings))


async def test_of_many_registrations_of_one_email_at_once_exactly_one_wins(url: str) -> None:
    async with members(url) as app:
        commands = [app.execute(Register("a@example.com", f"{n}")) for n in range(50)]
        outcomes = await asyncio.gather(*commands, return_exceptions=True)

        assert [type(outcome) for outcome in outcomes].count(type(None)) == 1
        assert [type(outcome) for outcome in outcomes].count(EmailTakenError) == 49
        assert await app.database.store.head() == 1


async def test_registrations_of_different_emails_do_not_disturb_each_other(url: str) -> None:
    async with members(url, attempts=1) as app:
        await asyncio.gather(*(app.execute(Register(f"{n}@example.com", f"{n}")) for n in range(50)))
        assert await app.database.store.head() == 50


async def test_one_email_is_free_again_once_its_owner_has_left(url: str) -> None:
    async with members(url) as app:
        await app.execute(Register("a@example.com", "1"))
        await app.database.store.append("member-1", [app.codec.encode(Left("a@example.com"))])
        await app.execute(Register("a@example.com", "2"))
        with pytest.raises(EmailTakenError):
            await app.execute(Register("a@example.com", "3"))


async def test_a_boundary_is_of_one_tenant(url: str) -> None:
    async with members(url) as app:
        for tenant in ("east", "west"):
            await app.execute(Register("a@example.com", "1"), metadata=Metadata(tenant=tenant))
        with pytest.raises(EmailTakenError):
            await app.execute(Register("a@example.com", "2"), metadata=Metadata(tenant="east"))


async def test_a_personal_tag_is_not_stored_in_the_clear_and_a_conflict_does_not_show_it(url: str) -> None:
    async with members(url, attempts=1) as app:
        conflicts: list[AppendConditionFailedError] = []
        for attempt in range(100):  # two may also come one after the other, and then there is no conflict
            commands = [app.execute(Register(f"{attempt}@example.com", f"{attempt}-{n}")) for n in range(2)]
            outcomes = await asyncio.gather(*commands, return_exceptions=True)
            conflicts = [outcome for outcome in outcomes if isinstance(outcome, AppendConditionFailedError)]
            if conflicts:
                break
        (conflict,) = conflicts
        assert "example.com" not in f"{conflict} {conflict.key}"
        recorded = (await app.database.store.read_all()).events
        assert conflict.position == recorded[-1].position
        assert not any("example.com" in tag for event in recorded for tag in event.tags)
