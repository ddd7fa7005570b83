"""Moving a log between databases of every kind: nothing is lost, doubled or writable in two places."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, closing
from pathlib import Path

import pytest

from duolog.admin.promotion import Order, Phase, Promotion, plan, promote, take_back
from duolog.container.databases import open_database
from duolog.database.port import Database, View
from duolog.database.transfer import InUse, Moved, Receiving
from duolog.errors import (
    AnotherSecretError,
    ConfigurationError,
    DatabaseBusyError,
    LogClosedError,
    LogIncompleteError,
    LogMovedError,
    LogNotEmptyError,
    TransferError,
)
from duolog.messages.envelope import RecordedEvent
from duolog.tables.statements import Statement
from duolog.testing.contracts.samples import SECONDS, new_events
from duolog.write.sealed_work import SealedWork
from tests.unit.cli import shop

EVENTS = 4_500


class InterruptedPromotionError(Exception):
    """Stands for whatever ends a promotion in the middle."""


@pytest.fixture
def source_url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'source.db'}"


@pytest.fixture
def target_file(tmp_path: Path) -> Path:
    return tmp_path / "target.db"


@pytest.fixture
def file_url(target_file: Path) -> str:
    """A target whose insides a test changes."""
    return f"sqlite:///{target_file}"


@pytest.fixture(params=["sqlite", "postgres"])
def target_url(request: pytest.FixtureRequest, file_url: str) -> str:
    return file_url if request.param == "sqlite" else str(request.getfixturevalue("empty_postgres_url"))


@asynccontextmanager
async def opened(url: str, *, read_only: bool = False, for_transfer: bool = False) -> AsyncIterator[Database]:
    database = open_database(url)
    await database.open(read_only=read_only, for_transfer=for_transfer)
    try:
        yield database
    finally:
        await database.close()


async def fill(url: str, count: int = EVENTS) -> None:
    async with opened(url) as database:
        for batch in range(count // 500):
            await database.store.append(f"thing-{batch}", new_events(500))


async def log_of(url: str) -> Sequence[RecordedEvent]:
    async with opened(url, read_only=True) as database:
        return (await database.store.read_all(limit=1_000_000)).events


async def state_of(url: str) -> InUse | Receiving | Moved:
    async with opened(url, read_only=True) as database:
        return await database.transfer.state()


def order(source_url: str, target_url: str, *tables: str, pause: float = SECONDS) -> Order:
    return Order(open_database(source_url), open_database(target_url), pause, tables)


async def interrupted(source_url: str, target_url: str, phase: Phase, above: int) -> None:
    def on_progress(now: Phase, at: int, _: int) -> None:
        if now is phase and at >= above:
            raise InterruptedPromotionError

    with pytest.raises(InterruptedPromotionError):
        await promote(order(source_url, target_url), on_progress=on_progress)


async def test_the_target_has_the_same_log(source_url: str, target_url: str) -> None:
    await fill(source_url)
    before = await log_of(source_url)
    seen: set[Phase] = set()
    promotion = await promote(order(source_url, target_url), on_progress=lambda phase, _at, _end: seen.add(phase))
    assert await log_of(target_url) == before
    assert (promotion.events, promotion.copied, promotion.was_done) == (EVENTS, EVENTS, False)
    assert seen == {Phase.COPYING, Phase.VERIFYING}
    async with opened(source_url, read_only=True) as source, opened(target_url) as target:
        assert target.store.log_id == source.store.log_id


async def test_the_source_can_only_be_read_then(source_url: str, target_url: str) -> None:
    await fill(source_url, 500)
    await promote(order(source_url, target_url))
    with pytest.raises(LogMovedError) as raised:
        async with opened(source_url):
            pass
    assert raised.value.target == open_database(target_url).url  # without its password
    assert f"duolog promote {raised.value.target} {source_url}" in raised.value.hint
    assert len(await log_of(source_url)) == 500


async def test_a_promotion_done_before_is_told_and_verified_again(source_url: str, target_url: str) -> None:
    await fill(source_url, 500)
    first = await promote(order(source_url, target_url))
    async with opened(target_url) as target:
        await target.store.append("thing-later", new_events(1))
    again = await promote(order(source_url, target_url))
    assert again == Promotion(500, first.digest, was_done=True)
    assert (await plan(order(source_url, target_url))).was_done


async def test_what_is_appended_meanwhile_is_moved_too(source_url: str, target_url: str) -> None:
    """A writer goes on during the promotion, until it is refused; what it was told is recorded is in the target."""
    await fill(source_url)
    acknowledged: list[int] = []

    async with opened(source_url) as source:

        async def write() -> None:
            while True:
                outcome = await source.store.append("thing-live", new_events(1))
                acknowledged.append(outcome.position)

        writing = asyncio.create_task(write())
        promotion = await promote(order(source_url, target_url))
        with pytest.raises(LogClosedError):
            async with asyncio.timeout(SECONDS):
                await writing
    moved = await log_of(target_url)
    assert len(acknowledged) > 1
    assert {event.position for event in moved} >= set(acknowledged)
    assert len(moved) == promotion.events == EVENTS + len(acknowledged)
    assert moved == await log_of(source_url)


@pytest.mark.parametrize(("phase", "above"), [(Phase.COPYING, 1), (Phase.COPYING, EVENTS), (Phase.VERIFYING, 1)])
async def test_an_interrupted_promotion_goes_on(source_url: str, target_url: str, phase: Phase, above: int) -> None:
    await fill(source_url)
    await interrupted(source_url, target_url, phase, above)
    async with opened(source_url) as source:  # it is still in use
        await source.store.append("thing-later", new_events(3))
    with pytest.raises(LogIncompleteError, match="promote sqlite:"):
        async with opened(target_url):
            pass
    promotion = await promote(order(source_url, target_url))
    assert promotion.copied < EVENTS + 3 == promotion.events
    assert await log_of(target_url) == await log_of(source_url)


async def test_a_promotion_is_gone_on_with_after_the_source_was_closed(source_url: str, target_url: str) -> None:
    """Between closing the source and opening the target nothing can be written anywhere."""
    await fill(source_url, 500)
    async with opened(source_url) as source, opened(target_url, for_transfer=True) as target:
        await target.transfer.begin(await source.transfer.identity(), source_url)
        await target.transfer.receive((await source.store.read_all()).events)
        async with source.transfer.stop_writers(seconds=SECONDS) as writers:
            await writers.mark_moved(target_url)
    for url, error in ((source_url, LogMovedError), (target_url, LogIncompleteError)):
        with pytest.raises(error):
            async with opened(url):
                pass
    promotion = await promote(order(source_url, target_url))
    assert (promotion.events, promotion.copied) == (500, 0)
    async with opened(target_url) as target:
        await target.store.append("thing-later", new_events(1))


async def test_an_event_that_arrived_otherwise_is_found(source_url: str, file_url: str, target_file: Path) -> None:
    """Also one that an interrupted run has copied; the source stays in use, and the target closed."""
    await fill(source_url)
    await interrupted(source_url, file_url, Phase.COPYING, EVENTS)
    with closing(sqlite3.connect(target_file)) as connection, connection:
        connection.execute("UPDATE duolog_events SET recorded_at = recorded_at + 1 WHERE position = 2345")
    with pytest.raises(TransferError, match="position 2345 is not the same"):
        await promote(order(source_url, file_url))
    assert await state_of(source_url) == InUse()
    assert isinstance(await state_of(file_url), Receiving)


@pytest.mark.parametrize(
    "change",
    [
        "DELETE FROM duolog_events WHERE position = 77",
        "UPDATE duolog_events SET data = replace(data, ':', ': ') WHERE position = 77",
        'UPDATE duolog_events SET metadata = \'{"actor":"eve"}\' WHERE position = 77',
        "UPDATE duolog_events SET tags = '[\"a:b\"]' WHERE position = 77",
        "UPDATE duolog_events SET partition = partition + 1 WHERE position = 77",
        "UPDATE duolog_events SET event_id = randomblob(16) WHERE position = 77",
        "UPDATE duolog_events SET tenant = 'x' WHERE position = 77",
    ],
)
async def test_any_field_of_any_event_counts(source_url: str, file_url: str, target_file: Path, change: str) -> None:
    await fill(source_url, 500)
    await interrupted(source_url, file_url, Phase.VERIFYING, 1)
    with closing(sqlite3.connect(target_file)) as connection, connection:
        connection.execute(change)
    with pytest.raises(TransferError, match="position 77 is not the same"):
        await promote(order(source_url, file_url))


async def test_what_was_recorded_meanwhile_comes_back(source_url: str, target_url: str) -> None:
    """To go back, the log is promoted the other way round, and never was writable in both."""
    await fill(source_url, 500)
    await promote(order(source_url, target_url))
    async with opened(target_url) as target:
        await target.store.append("thing-later", new_events(7))
    back = await promote(order(target_url, source_url))
    assert (back.events, back.copied) == (507, 7)
    assert isinstance(await state_of(target_url), Moved)
    async with opened(source_url) as source:
        await source.store.append("thing-later", new_events(1))
    assert (await promote(order(source_url, target_url))).copied == 1


async def test_a_lost_target_is_given_up(source_url: str, file_url: str, target_file: Path) -> None:
    await fill(source_url, 500)
    await promote(order(source_url, file_url))
    await asyncio.to_thread(target_file.unlink)
    assert isinstance(await take_back(open_database(source_url)), Moved)
    async with opened(source_url) as source:
        await source.store.append("thing-later", new_events(1))
    assert await take_back(open_database(source_url)) == InUse()


async def test_wrong_targets_are_refused(source_url: str, target_url: str, tmp_path: Path) -> None:
    await fill(source_url, 500)
    await fill(target_url, 500)
    (tmp_path / "copy.db").write_bytes((tmp_path / "source.db").read_bytes())
    for wrong in (target_url, source_url, f"sqlite:///{tmp_path / 'copy.db'}"):
        with pytest.raises(LogNotEmptyError):
            await promote(order(source_url, wrong))
    with pytest.raises(ConfigurationError, match="does not outlast"):
        await promote(order(source_url, "memory://"))
    third = f"sqlite:///{tmp_path / 'third.db'}"
    async with opened(source_url) as source, opened(third) as other:
        await source.keep_secret_check("one secret")
        await other.keep_secret_check("another secret")
    with pytest.raises(AnotherSecretError):
        await promote(order(source_url, third))
    assert await state_of(source_url) == InUse()


async def test_a_log_that_is_on_its_way_in_is_not_moved_on(source_url: str, target_url: str, tmp_path: Path) -> None:
    await fill(source_url, 500)
    await interrupted(source_url, target_url, Phase.COPYING, 1)
    with pytest.raises(LogIncompleteError):
        await promote(order(target_url, f"sqlite:///{tmp_path / 'third.db'}"))
    await promote(order(source_url, target_url))
    with pytest.raises(LogMovedError):
        await promote(order(source_url, f"sqlite:///{tmp_path / 'third.db'}"))


async def test_writers_that_do_not_stop_leave_everything_as_it_was(source_url: str, target_url: str) -> None:
    await fill(source_url, 500)
    async with opened(source_url) as source, source.transfer.stop_writers(seconds=SECONDS):
        with pytest.raises(DatabaseBusyError):
            await promote(order(f"{source_url}?busy_timeout=50", target_url, pause=0.2))
    assert await state_of(source_url) == InUse()
    await promote(order(source_url, target_url))


async def test_an_application_goes_on_in_the_target(source_url: str, target_url: str) -> None:
    """Its views are built anew there, its keys are known, and its old position tokens are accepted."""
    async with shop.make_application(source_url) as app:
        receipt = await app.execute_with_receipt(shop.PlaceOrderCommand("1", 5), idempotency_key="key-1")
        await app.caught_up()
        expected = await app.query(shop.ListOrdersQuery(), after=receipt.token)
    promotion = await promote(order(source_url, target_url))
    assert list(promotion.left) == ["orders_view"]
    assert promotion.remembered == 3  # the generation, its checkpoint and the key
    async with shop.make_application(target_url) as app:
        assert await app.query(shop.ListOrdersQuery(), after=receipt.token) == expected
        again = await app.execute_with_receipt(shop.PlaceOrderCommand("1", 5), idempotency_key="key-1")
        assert again.replayed
        later = await app.execute_with_receipt(shop.PlaceOrderCommand("2", 6))
        assert later.position > receipt.position
        assert len(await app.query(shop.ListOrdersQuery(), after=later.token)) == 2
    with pytest.raises(LogMovedError):
        await shop.make_application(source_url).start()


async def test_a_view_that_is_there_before_its_log_is_refused(source_url: str, file_url: str) -> None:
    """With the checkpoint that comes, its projection would take it for complete."""
    view = View(
        "orders_view", 1, {"orders_view": "CREATE TABLE orders_view (id TEXT NOT NULL, amount INTEGER NOT NULL)"}
    )
    async with shop.make_application(source_url) as app:
        await app.execute(shop.PlaceOrderCommand("1", 5))
        await app.caught_up()
    async with opened(file_url) as target:
        await target.prepare_view(view)
    with pytest.raises(ConfigurationError, match="tables of the source already: orders_view"):
        await promote(order(source_url, file_url))
    assert await state_of(file_url) == InUse()


TABLE = {"prices": "CREATE TABLE prices (id INTEGER PRIMARY KEY, name TEXT, price NUMERIC, at TIMESTAMP)"}


async def add_price(url: str, number: int) -> None:
    async with opened(url) as database:
        await database.create_tables(TABLE)
        values = {"id": number, "name": f"é {number}", "price": number / 4, "at": None}
        insert = Statement("INSERT INTO prices (id, name, price, at) VALUES (:id, :name, :price, :at)", values)
        await database.committer.commit(SealedWork(statements=(insert,)))


async def prices(url: str) -> Sequence[object]:
    async with opened(url, read_only=True) as database:
        return [tuple(row.values()) async for page in database.transfer.table_rows("prices") for row in page]


async def test_rows_of_named_tables_go_along(source_url: str, target_url: str) -> None:
    for number in (1, 2, 3):
        await add_price(source_url, number)
    async with opened(target_url) as target:
        await target.create_tables(TABLE)
    promotion = await promote(order(source_url, target_url, "prices"))
    assert promotion.rows == {"prices": 3}
    assert not promotion.left
    assert await prices(target_url) == await prices(source_url)


async def test_tables_that_cannot_go_along_are_refused(source_url: str, target_url: str) -> None:
    await add_price(source_url, 1)
    with pytest.raises(ConfigurationError, match="has no table prices"):
        await promote(order(source_url, target_url, "prices"))
    await add_price(target_url, 2)
    with pytest.raises(TransferError, match="'prices' has 1 rows in the source, and 1 in"):
        await promote(order(source_url, target_url, "prices"))
    assert await state_of(source_url) == InUse()
    await add_price(source_url, 2)


async def test_a_plan_changes_nothing(source_url: str, target_url: str) -> None:
    await fill(source_url, 500)
    found = await plan(order(source_url, target_url))
    assert (found.events_through, found.received_through, found.was_done) == (500, 0, False)
    assert await state_of(source_url) == await state_of(target_url) == InUse()
    await fill(target_url, 500)
    with pytest.raises(LogNotEmptyError):
        await plan(order(source_url, target_url))
