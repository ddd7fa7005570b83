from dataclasses import dataclass
from uuid import uuid4

from duolog import Actor, Application, Command, Metadata, TransactionManager, UnitOfWork
from duolog.dispatch.context import MessageContext, ScopeKind, current_metadata
from duolog.messages.envelope import StoredMetadata, stored_metadata
from duolog.testing import application
from tests.unit.dispatch.counters import MOVE, ApplicationProvider, CounterProvider, Move, Moved, Script

TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


@dataclass(frozen=True, slots=True)
class Pass(Command[None]):
    """Moves one counter itself, and sends a command for another one."""


class PassInteractor:
    def __init__(self, app: Application, unit: UnitOfWork, tx: TransactionManager, metadata: Metadata) -> None:
        self._app = app
        self._unit = unit
        self._tx = tx
        self.metadata = metadata

    async def execute(self, cmd: Pass) -> None:  # noqa: ARG002 - it has no fields
        assert current_metadata() is self.metadata
        self._unit.stage("counter-parent", [Moved(1)])
        await self._app.execute(Move("child"))
        assert current_metadata() is self.metadata
        await self._tx.commit()


async def moved(app: Application, stream: str, *, tenant: str = "") -> StoredMetadata:
    return stored_metadata((await app.database.store.read_stream(stream, tenant=tenant))[-1])


async def test_the_first_message_begins_a_correlation_and_is_what_caused_its_events(url: str) -> None:
    script = Script()
    async with application(MOVE, database=url, providers=[CounterProvider(script)]) as app:
        await app.execute(Move("a"))
        (metadata,) = script.metadata

        assert metadata.correlation_id == metadata.message_id
        assert metadata.causation_id is None
        stored = await moved(app, "counter-a")
        assert stored == StoredMetadata(metadata.correlation_id, metadata.message_id)


async def test_what_the_caller_says_is_stored_with_the_events_without_the_actors_roles(url: str) -> None:
    given = Metadata(actor=Actor("ann", frozenset({"admin"})), tenant="east", traceparent=TRACE)
    async with application(MOVE, database=url, providers=[CounterProvider()]) as app:
        await app.execute(Move("a"), metadata=given)

        assert not await app.database.store.read_stream("counter-a")
        (recorded,) = await app.database.store.read_stream("counter-a", tenant="east")
        assert stored_metadata(recorded) == StoredMetadata(given.correlation_id, given.message_id, "ann", TRACE)
        assert b"admin" not in recorded.metadata


async def test_a_tenants_aggregate_is_its_own(url: str) -> None:
    async with application(MOVE, database=url, providers=[CounterProvider()]) as app:
        for tenant in ("east", "west", "east"):
            await app.execute(Move("a"), metadata=Metadata(tenant=tenant))
        assert await app.execute(Move("a"), metadata=Metadata(tenant="east")) == 3
        assert await app.execute(Move("a"), metadata=Metadata(tenant="west")) == 2


async def test_a_message_that_a_handler_sends_inherits_from_its_own(url: str) -> None:
    script = Script()
    app: Application = application(
        MOVE,
        Pass.handled_by(PassInteractor),
        database=url,
        providers=[CounterProvider(script), ApplicationProvider(lambda: app)],
    )
    given = Metadata(uuid4(), uuid4(), None, Actor("ann", frozenset({"admin"})), "east", TRACE)
    async with app:
        await app.execute(Pass(), metadata=given)

        (child,) = script.metadata
        assert child.message_id != given.message_id
        assert (child.correlation_id, child.causation_id) == (given.correlation_id, given.message_id)
        assert (child.actor, child.tenant, child.traceparent) == (given.actor, "east", TRACE)
        parents = await moved(app, "counter-parent", tenant="east")
        childs = await moved(app, "counter-child", tenant="east")
        assert (parents.causation_id, childs.causation_id) == (given.message_id, child.message_id)
        assert parents.correlation_id == childs.correlation_id == given.correlation_id
    assert current_metadata() is None


def test_metadata_are_made_once_when_something_asks_and_belong_to_their_cause() -> None:
    cause = Metadata(tenant="east")
    context = MessageContext(Pass(), ScopeKind.COMMAND, None, cause)
    assert context.given is None
    made = context.metadata
    assert made is not None
    assert context.metadata is made
    assert (made.causation_id, made.tenant) == (cause.message_id, "east")


def test_a_projection_has_no_metadata_that_a_query_of_its_could_inherit() -> None:
    assert MessageContext(None, ScopeKind.PROJECTION).metadata is None
