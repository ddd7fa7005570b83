"""Inline projections: views that are written in the very transaction that appends their events."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, Final, Protocol, TypeVar

from duolog.codec.event_codec import EventCodec
from duolog.errors import ConflictError, InlineProjectionError, InlineViewChangedError
from duolog.eventstore.appends import Append
from duolog.eventstore.streams import partition_of
from duolog.messages.envelope import RecordedEvent
from duolog.messages.event import stored_names
from duolog.projections.projection import Projection
from duolog.projections.view_database import ViewDatabase
from duolog.projections.views import OpenProjection
from duolog.subscriptions.checkpoints import Checkpoint
from duolog.subscriptions.failure import is_transient
from duolog.tables.delegated_reads import DelegatedReads
from duolog.tables.ports import ReadDatabase
from duolog.tables.statements import Parameters, Statement, check_parameters

T = TypeVar("T")

ALWAYS_CURRENT: Final = 2**63 - 1
"""Position of an inline view's checkpoint once it is built: nothing is ever above it, and nothing moves it."""


class UnitTables(ReadDatabase, Protocol):
    """The transaction of a unit of work, which reads its own writes: the held writer."""

    async def run(self, statement: Statement) -> int:
        """Run a writing statement now, and return how many rows it changed."""
        ...

    async def await_turn(self, tenant: str, streams: Collection[str]) -> None:
        """Wait until no other unit writes inline views of these streams, and keep others waiting until the end."""
        ...

    async def live_checkpoints(self, subscription: str) -> Sequence[Checkpoint]:
        """Return the checkpoints of a subscription's live generation, as this transaction sees them."""
        ...


class InlineViews:
    """Shows events in the views of inline projections before they are appended.

    A position is drawn as late as can be: whoever has drawn one holds up every reader of the log until it commits. So
    the methods run first, and the events have no positions yet. Units that append to one stream take turns meanwhile,
    so that a view keyed by stream gets its events in the stream's order.

    Args:
        projections: the application's inline projections.
        codec: decodes events, upcast by this release's code.
        open_projection: builds the projections' instances.
    """

    __slots__ = ("_by_type", "_codec", "_open_projection", "projections")

    def __init__(
        self, projections: Iterable[type[Projection]], codec: EventCodec, open_projection: OpenProjection
    ) -> None:
        self.projections = tuple(projections)
        self._codec = codec
        self._open_projection = open_projection
        self._by_type: dict[str, list[type[Projection]]] = {}
        for projection in self.projections:
            for name in wanted_types(projection):
                self._by_type.setdefault(name, []).append(projection)

    def concern(self, appends: Iterable[Append]) -> bool:
        """Tell whether any of the events is shown in an inline view."""
        known = self._by_type
        return bool(known) and any(event.type in known for append in appends for event in append.events)

    async def prepare(self, tenant: str, appends: Sequence[Append], tables: UnitTables) -> None:
        """Wait until no other unit writes inline views of the same streams; the first thing in the transaction.

        Raises:
            ConflictError: others waited for each other.
            DatabaseError: the database failed.
        """
        await tables.await_turn(tenant, sorted({append.stream for append in appends if self.concern((append,))}))

    async def show(self, tenant: str, appends: Sequence[Append], tables: UnitTables) -> None:
        """Call the methods for all events that are wanted, in order, in the transaction that will append them.

        Args:
            tenant: whose streams they are.
            appends: what will be appended.
            tables: the transaction.

        Raises:
            InlineProjectionError: a method raised, or the database refused what it wrote.
            InlineViewChangedError: the view is of another version, or is being built.
            ConflictError: others were faster.
            DatabaseError: the database failed.
        """
        events = [each for each in _unrecorded(tenant, appends) if each.type in self._by_type]
        types = {event.type for event in events}
        db = _UnitView(tables)
        for projection in self.projections:
            if types.isdisjoint(wanted_types(projection)):
                continue
            await self.apply(projection, events, db)
            # Behind the writes, which lock the view's tables: nobody can make the view anew any more.
            if not is_built(projection, await tables.live_checkpoints(projection.name)):
                raise InlineViewChangedError(projection=projection.name, version=projection.version)

    async def apply(self, projection: type[Projection], events: Sequence[RecordedEvent], db: ViewDatabase) -> None:
        """Call a projection's methods for events, in order; errors as `show`."""
        handlers = projection.handlers()
        wanted = wanted_types(projection)
        async with self._open_projection(projection, db) as instance:
            for recorded in events:
                if recorded.type not in wanted:
                    continue
                try:
                    for event in self._codec.decode_all(recorded):
                        handler = handlers.get(type(event))
                        if handler is not None:  # an upcast may make others beside those that are wanted
                            await getattr(instance, handler.method)(event)
                except Exception as error:
                    if isinstance(error, ConflictError) or is_transient(error):
                        raise
                    raise InlineProjectionError(projection=projection.name, type=recorded.type, error=error) from error


def wanted_types(projection: type[Projection]) -> frozenset[str]:
    """Return the stored names of the events that a projection has methods for."""
    return frozenset(name for cls in projection.handlers() for name in stored_names(cls))


def is_built(projection: type[Projection], checkpoints: Sequence[Checkpoint]) -> bool:
    """Tell whether an inline view shows the whole log, as this version of the code makes it."""
    at = [(each.version, each.position) for each in checkpoints]
    return at == [(projection.version, ALWAYS_CURRENT)]


def _unrecorded(tenant: str, appends: Iterable[Append]) -> Iterable[RecordedEvent]:
    """Return events as the codec decodes them; they have neither position nor version yet."""
    for append in appends:
        partition = partition_of(tenant, append.stream)
        for event in append.events:
            yield RecordedEvent(
                position=0,
                tenant=tenant,
                stream=append.stream,
                version=0,
                event_id=event.event_id,
                type=event.type,
                schema_version=event.schema_version,
                tags=event.tags,
                partition=partition,
                data=event.data,
                metadata=event.metadata,
                recorded_at=0,
            )


class _UnitView(DelegatedReads):
    """A `ViewDatabase` over the transaction of a unit of work; what is executed runs at once."""

    __slots__ = ("_tables",)

    def __init__(self, tables: UnitTables) -> None:
        self._tables = tables

    def _reader(self) -> ReadDatabase:
        return self._tables

    async def execute(self, sql: str, parameters: Parameters | None = None) -> None:
        """Run a writing statement."""
        await self.execute_now(sql, parameters)

    async def execute_many(self, sql: str, rows: Sequence[Parameters]) -> None:
        """Run a writing statement for each row."""
        for row in rows:
            await self.execute_now(sql, row)

    async def execute_now(self, sql: str, parameters: Parameters | None = None) -> int:
        """Run a writing statement, and return how many rows it changed."""
        values: Mapping[str, Any] = parameters or {}
        check_parameters(sql, values)
        return await self._tables.run(Statement(sql, values))
