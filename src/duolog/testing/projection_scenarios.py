"""What a projection shows after given events, over a view in memory."""

from collections.abc import Callable, Mapping
from typing import Self

from duolog.adapters._sql.values import stored_value
from duolog.codec.event_codec import EventCodec
from duolog.codec.event_types import EventTypes
from duolog.codec.tags import Tagger
from duolog.container.databases import open_database
from duolog.database.port import Database, View
from duolog.eventstore.streams import partition_of
from duolog.ids import uuid7
from duolog.messages.envelope import RecordedEvent
from duolog.projections.handling import Handling
from duolog.projections.projection import Projection
from duolog.projections.view_database import ViewDatabase
from duolog.subscriptions.checkpoints import CheckpointMove
from duolog.subscriptions.share import Share
from duolog.tables.ports import Row

_OWNER = "scenario"


class ProjectionScenario:
    """A projection over an empty view in memory, step by step: given events, when more come, then what it shows.

    ```python
    async with ProjectionScenario(UserProjection) as scenario:
        await scenario.given("user-42", UserRegistered(42, "ann@example.com"))
        await scenario.when("user-42", UserEmailChanged(42, "ann@example.org"))
        await scenario.then_rows("users_view", {"id": 42, "email": "ann@example.org"})
    ```

    Args:
        projection: the projection's class.
        make: builds it over a view; the class itself if None.
    """

    def __init__(self, projection: type[Projection], make: Callable[[ViewDatabase], Projection] | None = None) -> None:
        self._projection = projection
        self._make: Callable[..., Projection] = make or projection
        self._view = View(projection.name, projection.version, projection.tables)
        self._share = Share(projection.name)
        self._database: Database = open_database("memory://")
        self._codec = EventCodec(EventTypes(projection.handlers()), Tagger(b"a scenario's secret"))
        self._versions: dict[str, int] = {}
        self._position = 0
        self._token = 0
        self._error: Exception | None = None

    async def __aenter__(self) -> Self:
        """Make the view."""
        await self._database.open()
        await self._database.prepare_view(self._view)
        lease = await self._database.leases.acquire(self._share, _OWNER, seconds=3600)
        self._token = lease.token if lease is not None else 0
        return self

    async def __aexit__(self, *_: object) -> None:
        """Forget the view."""
        await self._database.close()

    async def given(self, stream: str, *events: object) -> Self:
        """Apply events of one stream, encoded and decoded as they would be in the log; all of them or, on error, none.

        Events that the projection has no method for count as versions of the stream, and change nothing.

        Raises:
            Exception: what a handler or the database raised.
        """
        session = self._database.open_view(self._view)
        before, version = self._position, self._versions.get(stream, 0)
        try:
            handling = Handling(self._make(session))
            for event in events:
                recorded = self._record(stream, event)
                if type(event) not in self._projection.handlers():
                    continue
                await handling.each(self._codec.decode_all(recorded), recorded)
            move = CheckpointMove(self._share, self._view.version, self._token, before, self._position)
            await session.commit(move)
        except BaseException:
            self._position, self._versions[stream] = before, version
            raise
        finally:
            await session.close()
        return self

    async def when(self, stream: str, *events: object) -> Self:
        """Apply events as `given` does; what is raised is kept for `then_raises`."""
        self._error = None
        try:
            await self.given(stream, *events)
        except Exception as error:  # noqa: BLE001 - whatever it is, the next step checks it
            self._error = error
        return self

    async def then_rows(self, table: str, *rows: Mapping[str, object], order_by: str = "1") -> Self:
        """Check that one of the view's tables has exactly these rows, of which only the named columns are looked at.

        Args:
            table: its name.
            rows: what is expected, in order; values as a handler writes them, like a UUID or an aware datetime.
            order_by: a column's number or name.

        Raises:
            AssertionError: it has others, or ``when`` raised.
            KeyError: the projection does not own such a table.
        """
        self._check_not_raised(f"rows of {table}")
        found = await self.rows(table, order_by=order_by)
        expected = [{name: stored_value(name, value) for name, value in row.items()} for row in rows]
        named = [
            {name: value for name, value in row.items() if name in wanted}
            for row, wanted in zip(found, expected, strict=False)
        ]
        if len(found) != len(expected) or named != expected:
            message = f"expected rows {expected!r}, but {table} has {[dict(row) for row in found]!r}"
            raise AssertionError(message)
        return self

    async def then_no_rows(self, table: str) -> Self:
        """Check that one of the view's tables is empty."""
        return await self.then_rows(table)

    def then_raises(self, error: type[Exception]) -> Self:
        """Check that what came last raised an error of this class, and so changed nothing.

        Raises:
            AssertionError: it raised another one, or none.
        """
        if not isinstance(self._error, error):
            message = f"expected {error.__name__}, but got {self._error!r}"
            raise AssertionError(message) from self._error  # noqa: TRY004 - it is an assertion
        self._error = None
        return self

    def _check_not_raised(self, expected: str) -> None:
        if self._error is not None:
            message = f"expected {expected}, but it raised {self._error!r}"
            raise AssertionError(message) from self._error

    async def rows(self, table: str, *, order_by: str = "1") -> list[Row]:
        """Return all rows of one of the view's tables.

        Args:
            table: its name.
            order_by: a column's number or name.

        Raises:
            KeyError: the projection does not own such a table.
        """
        if table not in self._projection.tables or not order_by.replace("_", "").isalnum():
            raise KeyError(table)
        reader = self._database.open_reader()
        try:
            return list(await reader.fetch(f"SELECT * FROM {table} ORDER BY {order_by}"))  # noqa: S608 - both are checked
        finally:
            await reader.close()

    def _record(self, stream: str, event: object) -> RecordedEvent:
        encoded = self._codec.encode(event)
        self._position += 1
        self._versions[stream] = version = self._versions.get(stream, 0) + 1
        return RecordedEvent(
            position=self._position,
            tenant="",
            stream=stream,
            version=version,
            event_id=uuid7(),
            type=encoded.type,
            schema_version=encoded.schema_version,
            tags=encoded.tags,
            partition=partition_of("", stream),
            data=encoded.data,
            metadata=encoded.metadata,
            recorded_at=self._position * 1_000_000,
        )
