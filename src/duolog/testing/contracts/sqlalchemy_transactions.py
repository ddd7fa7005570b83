"""The contract of SQLAlchemy's sessions in duolog's transactions, on every database that they run on.

It needs the extra ``sqlalchemy``, so it is imported by its own name: subclass it in a test file that supplies ``url``.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from uuid import UUID, uuid4

import pytest
from sqlalchemy import Text, Uuid, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from duolog.adapters.sqlalchemy import SqlAlchemyProvider, SqlAlchemyTransactionManager, Versioned
from duolog.application.application import Application
from duolog.errors import ConstraintViolationError, IdempotencyKeyReusedError, WrongExpectedVersionError
from duolog.eventstore.expectations import NO_STREAM
from duolog.messages.command import Command
from duolog.messages.event import event
from duolog.messages.query import Query
from duolog.tables.statements import Constraint
from duolog.testing.applications import application
from duolog.testing.contracts.samples import SECONDS, new_events
from duolog.write.event_publisher import EventPublisher
from duolog.write.transaction_manager import TransactionManager
from duolog.write.unit_of_work import UnitOfWork

TABLES = {
    "contract_members": """
        CREATE TABLE contract_members (
            id      UUID   NOT NULL PRIMARY KEY,
            email   TEXT   NOT NULL,
            visits  BIGINT NOT NULL,
            version BIGINT NOT NULL,
            CONSTRAINT contract_members_email_key UNIQUE (email),
            CONSTRAINT contract_members_visits_check CHECK (visits >= 0)
        )
    """,
}
EMAIL_IS_UNIQUE = Constraint("contract_members", ("email",), name="contract_members_email_key")
RACERS = 12
CANCELLATIONS = 40
READERS = 40


class EmailTakenError(Exception):
    """Another member has this address."""


class Model(DeclarativeBase):
    """The base of the mapped classes."""


class Member(Versioned, Model):
    """An entity in a table."""

    __tablename__ = "contract_members"

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    email: Mapped[str] = mapped_column(Text)
    visits: Mapped[int]


@event("contract.noted", stream="contract_notes-{subject}")
@dataclass(frozen=True, slots=True)
class Noted:
    """An event that no entity raises."""

    subject: str


@dataclass(frozen=True, slots=True)
class Hands:
    """What a command's handler has in its hands."""

    session: AsyncSession
    tx: TransactionManager
    events: EventPublisher
    unit: UnitOfWork


@dataclass(frozen=True, slots=True)
class DoCommand(Command[None]):
    """A command whose test says what its handler does."""

    work: Callable[[Hands], Awaitable[None]] = field(repr=False)


class DoInteractor:
    """Takes what the reference's interactors take."""

    def __init__(self, session: AsyncSession, tx: TransactionManager, events: EventPublisher, unit: UnitOfWork) -> None:
        """Take the command's session, its transaction manager, the publisher and the unit of work."""
        self._hands = Hands(session, tx, events, unit)

    async def execute(self, cmd: DoCommand) -> None:
        """Do what the test says."""
        await cmd.work(self._hands)


@dataclass(frozen=True, slots=True)
class JoinCommand(Command[str]):
    """A command that may have an idempotency key."""

    member_id: UUID
    fails: bool = False


class JoinInteractor:
    """Lets a member join, in the reference's order."""

    def __init__(self, session: AsyncSession, tx: TransactionManager, events: EventPublisher) -> None:
        """Take what the reference's interactors take."""
        self._session = session
        self._tx = tx
        self._events = events

    async def execute(self, cmd: JoinCommand) -> str:
        """Write the row, commit, then publish the event."""
        self._session.add(Member(id=cmd.member_id, email=f"{cmd.member_id}@example.org", visits=0))
        await self._tx.commit()
        await self._events.publish(Noted(cmd.member_id.hex))
        if cmd.fails:
            raise ZeroDivisionError
        return cmd.member_id.hex


@dataclass(frozen=True, slots=True)
class MembersQuery(Query[dict[UUID, int]]):
    """Asks for the members' visits, by id."""


class MembersQueryService:
    """Reads through a query's session."""

    def __init__(self, session: AsyncSession) -> None:
        """Take the query's session."""
        self._session = session

    async def execute(self, query: MembersQuery) -> dict[UUID, int]:  # noqa: ARG002 - it has no fields
        """Return the visits."""
        return {each.id: each.visits for each in await self._session.scalars(select(Member))}


def joining(member_id: UUID, email: str = "", *, visits: int = 0) -> Callable[[Hands], Awaitable[None]]:
    """A member joins: a row, the commit, then an event, in the reference's order."""

    async def work(hands: Hands) -> None:
        hands.session.add(Member(id=member_id, email=email or f"{member_id}@example.org", visits=visits))
        await hands.tx.commit()
        await hands.events.publish(Noted(member_id.hex))

    return work


class SqlAlchemyTransactionContract:
    """SQLAlchemy's sessions are part of duolog's transactions in this way.

    Supply a ``url`` fixture: that of an empty database; and where the database can tell, ``open_transactions``: a
    callable that counts the transactions that are open there.
    """

    @pytest.fixture
    async def app(self, url: str) -> AsyncIterator[Application]:
        """The application, started."""
        app = application(
            DoCommand.handled_by(DoInteractor),
            JoinCommand.handled_by(JoinInteractor),
            MembersQuery.handled_by(MembersQueryService),
            database=url,
            tables=TABLES,
            events=[Noted],
            providers=[SqlAlchemyProvider(errors={EMAIL_IS_UNIQUE: EmailTakenError})],
        )
        async with app:
            yield app

    @pytest.fixture
    def open_transactions(self) -> Callable[[], Awaitable[int]]:
        """Count the transactions that are open; databases that cannot tell have none."""

        async def none() -> int:
            return 0

        return none

    async def test_entity_and_event_are_in_one_transaction(self, app: Application) -> None:
        """Both are there when the command returns, and neither before, also when the entity was flushed."""
        member_id = uuid4()

        async def work(hands: Hands) -> None:
            assert isinstance(hands.tx, SqlAlchemyTransactionManager)
            hands.session.add(Member(id=member_id, email="a@example.org", visits=1))
            await hands.session.flush()
            await hands.events.publish(Noted(member_id.hex))
            if app.database.features.snapshot_reads:
                assert await asyncio.create_task(_committed(app)) == ({}, [])
            await hands.tx.commit()

        await _do(app, work)
        assert await _committed(app) == ({member_id: 1}, [f"contract_notes-{member_id.hex}"])

    async def test_an_error_rolls_both_back(self, app: Application) -> None:
        """Before and after `commit()`, and also when the events are what is refused."""

        async def fail(hands: Hands) -> None:
            hands.session.add(Member(id=uuid4(), email="a@example.org", visits=1))
            await hands.session.flush()
            raise ZeroDivisionError

        async def fail_late(hands: Hands) -> None:
            await joining(uuid4())(hands)
            raise ZeroDivisionError

        for work in (fail, fail_late):
            with pytest.raises(ZeroDivisionError):
                await _do(app, work)
        assert await _committed(app) == ({}, [])

    async def test_a_refused_append_takes_the_rows_back(self, app: Application) -> None:
        """Rows that were written are rolled back with the events that lost their race."""
        stream = "contract_other-1"

        async def work(hands: Hands) -> None:
            hands.unit.stage(stream, [Noted("late")], NO_STREAM)
            hands.session.add(Member(id=uuid4(), email="a@example.org", visits=1))
            await hands.session.flush()
            await hands.tx.commit()

        await app.database.store.append(stream, new_events(1), NO_STREAM)
        with pytest.raises(WrongExpectedVersionError):
            await _do(app, work)
        assert await _committed(app) == ({}, [stream])

    async def test_the_key_is_in_the_same_transaction(self, app: Application) -> None:
        """One key has one effect; the key of a command that failed is free."""
        member_id = uuid4()
        with pytest.raises(ZeroDivisionError):
            await app.execute(JoinCommand(uuid4(), fails=True), idempotency_key="one")
        for _ in range(2):
            assert await app.execute(JoinCommand(member_id), idempotency_key="one") == member_id.hex
        with pytest.raises(IdempotencyKeyReusedError):
            await app.execute(JoinCommand(uuid4()), idempotency_key="one")
        assert await _committed(app) == ({member_id: 0}, [f"contract_notes-{member_id.hex}"])

    async def test_a_stale_version_is_a_conflict_and_run_again(self, app: Application) -> None:
        """Of commands that race for one row each takes effect, on the version that the one before it has written."""
        member_id = uuid4()
        await _do(app, joining(member_id))

        async def visit(hands: Hands) -> None:
            (await hands.session.get_one(Member, member_id)).visits += 1
            await hands.tx.commit()

        await asyncio.gather(*(_do(app, visit) for _ in range(RACERS)))
        assert (await _committed(app))[0] == {member_id: RACERS}

    async def test_a_broken_constraint_is_the_domains_error(self, app: Application) -> None:
        """As one table declares it; without an entry it is duolog's, and shows no value."""
        await _do(app, joining(uuid4(), "a@example.org"))
        before = await _committed(app)
        with pytest.raises(EmailTakenError):
            await _do(app, joining(uuid4(), "a@example.org"))
        with pytest.raises(ConstraintViolationError) as raised:
            await _do(app, joining(uuid4(), "secret@example.org", visits=-1))
        assert "secret" not in str(raised.value)
        assert await _committed(app) == before

    async def test_cancelled_commands_leak_nothing(
        self, app: Application, open_transactions: Callable[[], Awaitable[int]]
    ) -> None:
        """Wherever it is cancelled a command is whole or not at all, and holds neither transaction nor connection."""
        await _do(app, joining(uuid4()))
        for turns in range(CANCELLATIONS):
            member_id = uuid4()
            task = asyncio.create_task(_do(app, joining(member_id)))
            for _ in range(turns):
                await asyncio.sleep(0)
            task.cancel()
            await asyncio.wait((task,), timeout=SECONDS)
            assert task.cancelled() or task.exception() is None
            assert await open_transactions() == 0
            rows, streams = await _committed(app)
            assert (member_id in rows) is (f"contract_notes-{member_id.hex}" in streams)
        async with asyncio.timeout(SECONDS):
            await asyncio.gather(*(app.query(MembersQuery()) for _ in range(READERS)))
            await asyncio.gather(*(_do(app, joining(uuid4())) for _ in range(READERS)))


async def _do(app: Application, work: Callable[[Hands], Awaitable[None]]) -> None:
    await app.execute(DoCommand(work))


async def _committed(app: Application) -> tuple[dict[UUID, int], list[str]]:
    """Return the members' visits, and the streams of all events."""
    streams = [recorded.stream for recorded in (await app.database.store.read_all()).events]
    return await app.query(MembersQuery()), streams
