"""A materialized view shows what its sources do, soon after them, and says how far it is."""

import asyncio
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import pytest

from duolog import (
    Application,
    MaterializedView,
    Query,
    ReadDatabase,
    UnitOfWork,
    WriteDatabase,
    cached,
)
from duolog.admin.pausing import pause_projection
from duolog.application.declared_views import DeclaredViews
from duolog.errors import AfterTimeoutError, ConfigurationError, ViewParkedError
from duolog.projections.materialized_shares import MaterializedShares
from duolog.projections.materialized_view import Contents, ViewClass
from duolog.projections.view_database import ViewSession
from duolog.subscriptions.checkpoints import CheckpointMove
from duolog.subscriptions.generations import Role
from duolog.subscriptions.progress import Progress
from duolog.subscriptions.share import Share
from duolog.testing import application
from tests.unit.application.tallies import Add, Added, AddInteractor, TallyProjection

REFUSED = 13


class CarefulTallies(TallyProjection):
    name, version = "tallies", 1

    async def on_added(self, event: Added) -> None:
        if event.amount == REFUSED:
            message = "it brings bad luck"
            raise ValueError(message)
        await super().on_added(event)


class SizesView(MaterializedView):
    name, version = "sizes", 1
    reads = (CarefulTallies,)
    key = ("size",)
    select = "SELECT total AS size, count(*) AS tallies FROM tallies GROUP BY total"
    interval, delay = 0.05, 0.5


class LargestView(MaterializedView):
    name, version = "largest", 1
    reads = (SizesView,)
    key = ("size",)
    select = "SELECT max(size) AS size FROM sizes"
    interval, delay = 0.05, 0.5


class DoubledSizesView(MaterializedView):
    name, version = "sizes", 2
    reads = (CarefulTallies,)
    key = ("size",)
    select = "SELECT 2 * total AS size, count(*) AS tallies FROM tallies GROUP BY total"
    interval, delay = 0.05, 0.5


@dataclass(frozen=True, slots=True)
class ListSizes(Query[list[int]]):
    pass


@dataclass(frozen=True, slots=True)
class GetLargest(Query[int | None]):
    pass


@cached(max_staleness=60)
class ListSizesQueryService:
    def __init__(self, db: ReadDatabase) -> None:
        self._db = db

    async def execute(self, _: ListSizes) -> list[int]:
        return [row["size"] for row in await self._db.fetch("SELECT size FROM sizes ORDER BY size")]


class GetLargestQueryService:
    def __init__(self, db: ReadDatabase) -> None:
        self._db = db

    async def execute(self, _: GetLargest) -> int | None:
        largest: int | None = await self._db.fetch_value("SELECT size FROM largest")
        return largest


def sized(url: str, view: type[MaterializedView] = SizesView, **options: Any) -> Application:
    return application(
        Add.handled_by(AddInteractor),
        ListSizes.handled_by(ListSizesQueryService, reads=[view]),
        database=url,
        projections=[CarefulTallies],
        materialized_views=[view],
        **options,
    )


async def test_after_waits_until_it_has_been_refreshed(url: str) -> None:
    """Cached answers, too, have what was asked for; without a change they are kept."""
    async with sized(url) as app:
        for total in (1, 2, 3):
            receipt = await app.execute_with_receipt(Add("a"))
            for _ in range(2):
                assert await app.query(ListSizes(), after=receipt.token) == [total]
        figures = app.cache_figures()["ListSizes"]
        assert (figures.queried, figures.memory) == (3, 3)


async def test_whoever_watches_it_sees_it_change(url: str) -> None:
    """A refresh counts as the change of a view, which wakes live queries."""
    async with sized(url) as app, asyncio.timeout(20):
        await app.caught_up()
        seen: list[list[int]] = []
        async for answer in app.watch(ListSizes()):
            seen.append(answer)
            if len(seen) == 3:
                break
            await app.execute(Add("a"))
        assert seen == [[], [1], [2]]


async def test_another_process_refreshes_it(shared_url: str) -> None:
    """A process that does no background work waits for the owner elsewhere."""
    other = sized(shared_url)
    async with sized(shared_url):
        await other.start(projections=False)
        try:
            receipt = await other.execute_with_receipt(Add("a", 7))
            assert await other.query(ListSizes(), after=receipt.position) == [7]
        finally:
            await other.close()


async def test_nobody_claims_what_came_while_it_was_read(tmp_path: Path) -> None:
    """The stored position is where the sources were before the rows were read, not behind it."""
    url = f"sqlite:///{tmp_path / 'test.db'}"
    async with sized(url) as app:
        await app.execute(Add("a"))
        await app.caught_up()
        await app.database.pauses.pause("sizes", by="a test")
    quiet = sized(url)
    await quiet.start(only=["tallies"])
    try:
        views = DeclaredViews(quiet.database)

        def open_view(view: ViewClass, share: Share, role: Role) -> ViewSession:
            return cast("ViewSession", _WithLateEvent(views.open(view, share, role), quiet))

        refresher = MaterializedShares(
            source=quiet.database,
            changes=quiet.database,
            progress=Progress(quiet.database.checkpoints),
            prepare_view=views.prepare,
            open_view=open_view,
            told=len,
        ).refresher(SizesView, Share("sizes"))
        lease = await quiet.database.leases.acquire(Share("sizes"), "a test", seconds=60, take_over=True)
        assert lease is not None
        position = await refresher.refresh(lease)
        head = await quiet.database.store.head()
        (stored,) = await quiet.database.checkpoints.read("sizes")
        assert await quiet.query(ListSizes()) == [1]
        assert stored.position == position < head
    finally:
        await quiet.close()


class _WithLateEvent:
    """A view session in which something is recorded and projected when the rows were read."""

    def __init__(self, session: ViewSession, app: Application) -> None:
        self._session = session
        self._app = app

    async def refresh(self, contents: Contents) -> None:
        await self._session.refresh(contents)
        await self._app.execute(Add("late", 5))
        await self._app.caught_up()

    async def commit(self, move: CheckpointMove) -> None:
        await self._session.commit(move)

    async def close(self) -> None:
        await self._session.close()


async def test_what_its_source_has_parked_is_not_claimed(url: str) -> None:
    """A query that reads the view is told of it, as one that reads the source is; retried, it is refreshed."""
    async with sized(url) as app:
        receipt = await app.execute_with_receipt(Add("a", REFUSED))
        with pytest.raises(ViewParkedError) as parked:
            await app.query(ListSizes(), after=receipt.token)
        assert parked.value.view == "tallies"


async def test_one_that_reads_another_one_follows_it(url: str) -> None:
    """Each is refreshed behind what it reads, and waits for it."""
    app = application(
        Add.handled_by(AddInteractor),
        GetLargest.handled_by(GetLargestQueryService, reads=[LargestView]),
        database=url,
        projections=[CarefulTallies],
        materialized_views=[LargestView, SizesView],
    )
    async with app:
        assert app.materialized_views == (SizesView, LargestView)
        receipt = await app.execute_with_receipt(Add("a", 4))
        assert await app.query(GetLargest(), after=receipt.token) == 4


async def test_a_new_version_takes_the_place_of_the_old_one(url: str, tmp_path: Path) -> None:
    """It is built beside it from another select; queries read one of the two at all times, and may go back."""
    if url == "memory://":
        url = f"sqlite:///{tmp_path / 'other.db'}"
    async with sized(url) as app:
        await app.execute(Add("a", 3))
        await app.caught_up()
        assert await app.query(ListSizes()) == [3]
    async with sized(url, DoubledSizesView) as app:
        assert await app.query(ListSizes()) in ([3], [6])
        await app.caught_up()
        assert await app.query(ListSizes()) == [6]
        receipt = await app.execute_with_receipt(Add("a", 1))
        assert await app.query(ListSizes(), after=receipt.token) == [8]
    async with sized(url) as app:
        # Deployed again, the former release goes on with its own view, which queries read when somebody says so.
        rebuilds = app.rebuilds()
        gone_back = await rebuilds.roll_back(SizesView, accept_behind=False, seconds=30, show=lambda _: None)
        assert (gone_back.version, gone_back.number) == (1, 1)
        await app.caught_up()
        assert await app.query(ListSizes()) == [4]


async def test_an_application_table_is_followed_by_the_log(url: str) -> None:
    """Rows that are written with events are as far as the log is: any event refreshes the view."""

    class NotesView(MaterializedView):
        name, version = "sizes", 1
        tables = ("amounts",)
        key = ("size",)
        select = "SELECT amount AS size FROM amounts"
        interval, delay = 0.05, 0.5

    class AddToTable:
        def __init__(self, unit: UnitOfWork, db: WriteDatabase) -> None:
            self._unit = unit
            self._db = db

        async def execute(self, cmd: Add) -> None:
            await self._db.execute("INSERT INTO amounts (amount) VALUES (:amount)", {"amount": cmd.amount})
            self._unit.stage(f"tally-{cmd.name}", [Added("", cmd.name, cmd.amount)])

    app = application(
        Add.handled_by(AddToTable),
        ListSizes.handled_by(ListSizesQueryService, reads=[NotesView]),
        database=url,
        materialized_views=[NotesView],
        events=[Added],
        tables={"amounts": "CREATE TABLE amounts (amount INTEGER NOT NULL)"},
    )
    async with app:
        for amount in (5, 6):
            receipt = await app.execute_with_receipt(Add("a", amount))
        assert await app.query(ListSizes(), after=receipt.token) == [5, 6]


async def test_a_view_that_is_not_refreshed_keeps_nobody_waiting_for_ever(url: str) -> None:
    """A paused one stays where it is, and whoever waits for a later position is told so."""
    async with sized(url) as app:
        await app.caught_up()
        await pause_projection(app.database, "sizes", by="a test")
        receipt = await app.execute_with_receipt(Add("a"))
        with pytest.raises(AfterTimeoutError):
            await app.query(ListSizes(), after=receipt.token, timeout=0.2)


def test_what_it_reads_must_be_there() -> None:
    """A view whose source the application lacks would never be refreshed."""
    with pytest.raises(ConfigurationError, match="sizes"):
        application(materialized_views=[LargestView])


@pytest.mark.parametrize(
    ("attributes", "message"),
    [
        ({"key": ()}, "no key"),
        ({"key": "size"}, "no tuple"),
        ({"select": ""}, "no select"),
        ({"select": "DELETE FROM tallies"}, "select"),
        ({"select": "SELECT 1 AS size; SELECT 2"}, "semicolon"),
        ({"select": "SELECT :size AS size"}, "parameter"),
        ({"reads": ()}, "reads nothing"),
        ({"key": ('size" DESC',)}, "cannot be a name"),
        ({"interval": 2.0, "delay": 1.0}, "delay"),
    ],
)
def test_a_declaration_that_cannot_work_is_refused(attributes: dict[str, object], message: str) -> None:
    """When the class is made."""
    with pytest.raises(ConfigurationError, match=message):
        type("WrongView", (SizesView,), attributes)
