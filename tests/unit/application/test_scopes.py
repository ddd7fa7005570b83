from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest
from dishka import Provider, Scope, provide

from duolog import (
    Application,
    Command,
    EventPublisher,
    Projection,
    Query,
    ReadDatabase,
    TransactionManager,
    UnitOfWork,
    ViewDatabase,
    event,
)
from duolog.errors import ConfigurationError, DatabaseError, NotInCommandScopeError, NotStartedError, ReadOnlyError
from duolog.testing import application

TABLES = {"things": "CREATE TABLE things (id INTEGER PRIMARY KEY); INSERT INTO things VALUES (1)"}


@dataclass(frozen=True, slots=True)
class Ask(Query[int]):
    pass


@dataclass(frozen=True, slots=True)
class Do(Command[int]):
    pass


class Answer:
    """Answers with a number; what it needs differs."""

    async def execute(self, query: Ask) -> int:  # noqa: ARG002 - it has no fields
        return 1


class TakesTransactionManager(Answer):
    def __init__(self, tx: TransactionManager) -> None:
        self._tx = tx


class TakesEventPublisher(Answer):
    def __init__(self, events: EventPublisher) -> None:
        self._events = events


class TakesUnitOfWork(Answer):
    def __init__(self, unit: UnitOfWork) -> None:
        self._unit = unit


class TakesViewDatabase(Answer):
    def __init__(self, db: ViewDatabase) -> None:
        self._db = db


class Writes:
    def __init__(self, db: ReadDatabase) -> None:
        self._db = db

    async def execute(self, query: Ask) -> int:  # noqa: ARG002 - it has no fields
        await self._db.fetch("DELETE FROM things RETURNING id")
        return 0


class Counts:
    def __init__(self, db: ReadDatabase, here: "Here") -> None:
        self._db = db
        self.here = here

    async def execute(self, query: Ask | Do) -> int:  # noqa: ARG002 - it has no fields
        self.here.seen.append(self.here)
        return int(await self._db.fetch_value("SELECT count(*) FROM things"))


class Here:
    """Something of one scope."""

    seen: "list[Here]"

    def __init__(self) -> None:
        self.seen = SEEN


SEEN: list[Here] = []


class HereProvider(Provider):
    scope = Scope.REQUEST
    here = provide(Here)


@pytest.mark.parametrize("service", [TakesTransactionManager, TakesEventPublisher, TakesUnitOfWork])
async def test_a_query_service_gets_no_write_port(url: str, service: type[Answer]) -> None:
    async with application(Ask.handled_by(service), database=url) as app:
        with pytest.raises(NotInCommandScopeError, match=r"in a query scope \(Ask\)\n.*query gateway"):
            await app.query(Ask())


async def test_a_query_service_gets_no_view_to_write(url: str) -> None:
    async with application(Ask.handled_by(TakesViewDatabase), database=url) as app:
        with pytest.raises(ConfigurationError, match=r"in a query scope \(Ask\)\n.*Only projections write views"):
            await app.query(Ask())


async def test_a_query_service_that_writes_is_refused_by_the_database(url: str) -> None:
    async with application(Ask.handled_by(Writes), database=url, tables=TABLES) as app:
        with pytest.raises(ReadOnlyError):
            await app.query(Ask())
        reader = app.database.open_reader()
        assert await reader.fetch_value("SELECT count(*) FROM things") == 1
        await reader.close()


async def test_every_message_has_a_scope_of_its_own_also_for_reading(url: str) -> None:
    SEEN.clear()
    handlers = (Ask.handled_by(Counts), Do.handled_by(Counts))
    async with application(*handlers, database=url, tables=TABLES, providers=[HereProvider()]) as app:
        assert [await app.query(Ask()), await app.query(Ask()), await app.execute(Do())] == [1, 1, 1]
    assert len({id(here) for here in SEEN}) == 3


async def test_a_gateway_that_is_injected_outside_the_pipeline_reads_until_its_scope_ends(url: str) -> None:
    app = application(Ask.handled_by(Counts), database=url, tables=TABLES, providers=[HereProvider()])
    async with app, app.container() as scope:
        service = await scope.get(Counts)
        assert await service.execute(Ask()) == 1


async def test_a_users_factory_wins_over_the_handler_that_is_provided_by_itself(url: str) -> None:
    class Better(Answer):
        async def execute(self, query: Ask) -> int:
            return await super().execute(query) + 1

    class BetterProvider(Provider):
        scope = Scope.REQUEST
        answer = provide(Better, provides=Answer)

    async with application(Ask.handled_by(Answer), database=url, providers=[BetterProvider()]) as app:
        assert await app.query(Ask()) == 2


async def test_closing_the_application_closes_what_lives_in_the_container(url: str) -> None:
    closed: list[str] = []

    class Pool:
        """Something that must be closed."""

    class PoolProvider(Provider):
        @provide(scope=Scope.APP)
        async def pool(self) -> AsyncIterator[Pool]:
            yield Pool()
            closed.append("pool")

    class Pooled(Answer):
        def __init__(self, pool: Pool) -> None:
            self._pool = pool

    async with application(Ask.handled_by(Pooled), database=url, providers=[PoolProvider()]) as app:
        await app.query(Ask())
        assert not closed
    assert closed == ["pool"]


async def test_what_lives_in_a_session_lives_as_long_as_one_message(url: str) -> None:
    lived: list[str] = []

    class Session:
        """Something that dishka's scope around a request holds."""

    class SessionProvider(Provider):
        @provide(scope=Scope.SESSION)
        async def session(self) -> AsyncIterator[Session]:
            lived.append("opened")
            yield Session()
            lived.append("closed")

    class Holds(Answer):
        def __init__(self, session: Session) -> None:
            self._session = session

    async with application(Ask.handled_by(Holds), database=url, providers=[SessionProvider()]) as app:
        for _ in range(2):
            await app.query(Ask())
        assert lived == ["opened", "closed"] * 2


async def test_a_read_that_fails_does_not_spoil_the_next_query(url: str) -> None:
    class Wrong(Writes):
        async def execute(self, query: Ask) -> int:
            del query
            return int(await self._db.fetch_value("SELECT nothing FROM nowhere"))

    async with application(Ask.handled_by(Wrong), database=url) as app:
        for _ in range(3):
            with pytest.raises(DatabaseError, match="nowhere"):
                await app.query(Ask())


async def test_a_query_leaves_no_way_to_read_on_after_its_end(url: str) -> None:
    """A task that outlives its query would otherwise take a connection for good."""
    kept: list[ReadDatabase] = []

    class Keeps(Answer):
        def __init__(self, db: ReadDatabase) -> None:
            kept.append(db)

    async with application(Ask.handled_by(Keeps), database=url, tables=TABLES) as app:
        await app.query(Ask())
        with pytest.raises(NotStartedError):
            await kept[0].fetch("SELECT id FROM things")


@event("thing.done")
@dataclass(frozen=True, slots=True)
class Done:
    pass


class SendsCommands(Projection):
    name, version = "sending", 1

    def __init__(self, sender: "Sender") -> None:
        self._sender = sender

    async def on_done(self, happened: Done) -> None:  # noqa: ARG002 - that it happened is enough
        assert self._sender.app is not None
        await self._sender.app.execute(Do())


class Sender:
    """Where a projection finds the application that it must not use."""

    def __init__(self) -> None:
        self.app: Application | None = None
        self.sent = 0


class CountsSent:
    def __init__(self, unit: UnitOfWork, sender: Sender) -> None:
        self._unit = unit
        self._sender = sender

    async def execute(self, cmd: Do) -> int:  # noqa: ARG002 - it has no fields
        self._sender.sent += 1
        self._unit.stage(f"thing-{self._sender.sent}", [Done()])
        return self._sender.sent


async def test_a_projection_sends_no_commands(url: str) -> None:
    """They would be no part of the view's transaction, and every rebuild would send them again."""
    sender = Sender()
    provider = Provider(scope=Scope.APP)
    provider.provide(lambda: sender, provides=Sender)
    app = application(Do.handled_by(CountsSent), database=url, projections=[SendsCommands], providers=[provider])
    async with app:
        sender.app = app
        await app.execute(Do())
        await app.caught_up()
        (parked,) = await app.database.parking.read()
    assert "NotInCommandScopeError" in parked.error
    assert sender.sent == 1
