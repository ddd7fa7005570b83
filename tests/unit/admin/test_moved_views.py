"""What becomes of views and pauses when a log is moved: nothing counts as built that is not there."""

from pathlib import Path

import pytest

from duolog.admin.promotion import Order, plan, promote
from duolog.container.databases import open_database
from duolog.errors import InlineViewNotBuiltError
from duolog.projections.inline_views import ALWAYS_CURRENT
from duolog.subscriptions.share import Share
from tests.unit.projections.badges import BadgeHolders, GiveBadge, HolderOf, badges


@pytest.fixture
def source_url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'source.db'}"


@pytest.fixture(params=["sqlite", "postgres"])
def target_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    other = f"sqlite:///{tmp_path / 'target.db'}"
    return other if request.param == "sqlite" else str(request.getfixturevalue("empty_postgres_url"))


async def build(url: str) -> None:
    app = badges(url)
    await app.database.open()
    try:
        await app.inline_building().build(BadgeHolders)
    finally:
        await app.database.close()


async def holders(url: str) -> list[str | None]:
    async with badges(url) as app:
        await app.execute(GiveBadge("2", "Bob"))
        return [await app.query(HolderOf(badge)) for badge in ("1", "2")]


async def test_an_inline_view_is_named_and_built_in_the_target(source_url: str, target_url: str) -> None:
    """Its checkpoint stays behind with its table: the application refuses to start until the view is built."""
    async with badges(source_url) as app:
        await app.execute(GiveBadge("1", "Ada"))
    assert (await plan(Order(open_database(source_url), open_database(target_url)))).to_build == ["badge_holders"]
    moved = await promote(Order(open_database(source_url), open_database(target_url)))
    assert moved.to_build == ["badge_holders"]
    with pytest.raises(InlineViewNotBuiltError, match="badge_holders"):
        await badges(target_url).start()
    await build(target_url)
    assert await holders(target_url) == ["Ada", "Bob"]


async def test_an_inline_view_whose_table_goes_along_is_built_there(source_url: str, target_url: str) -> None:
    async with badges(source_url) as app:
        await app.execute(GiveBadge("1", "Ada"))
    target = open_database(target_url)
    await target.open()
    await target.create_tables(BadgeHolders.tables)
    await target.close()
    moved = await promote(Order(open_database(source_url), open_database(target_url), tables=("badge_holders",)))
    assert list(moved.to_build) == []
    assert await holders(target_url) == ["Ada", "Bob"]


async def test_a_pause_is_moved(source_url: str, target_url: str) -> None:
    """Whoever starts on the target obeys it, with who paused it and since when."""
    source, target = open_database(source_url), open_database(target_url)
    await source.open()
    await source.pauses.pause("badge_counts", by="ann")
    paused = await source.pauses.read()
    await source.close()
    await promote(Order(open_database(source_url), open_database(target_url)))
    await target.open()
    try:
        assert await target.pauses.read() == paused
    finally:
        await target.close()


@pytest.fixture(params=["sqlite", "postgres"])
def url(request: pytest.FixtureRequest, source_url: str) -> str:
    return source_url if request.param == "sqlite" else str(request.getfixturevalue("empty_postgres_url"))


async def test_an_inline_view_without_its_table_is_not_taken_for_built(url: str) -> None:
    """A start refuses it, whatever its checkpoint says, and a build makes it from the beginning."""
    async with badges(url) as app:
        await app.execute(GiveBadge("1", "Ada"))
    database = open_database(url)
    await database.open()
    (checkpoint,) = await database.checkpoints.read("badge_holders")
    assert checkpoint.position == ALWAYS_CURRENT
    await database.forget_view("nothing", tables=["badge_holders"])
    await database.close()
    with pytest.raises(InlineViewNotBuiltError, match="badge_holders"):
        await badges(url).start()
    await build(url)
    assert await holders(url) == ["Ada", "Bob"]


async def test_an_inline_view_that_was_divided_is_made_whole_by_a_build(url: str) -> None:
    """No process advances it in shares: it has one again, and the rows stay."""
    async with badges(url) as app:
        await app.execute(GiveBadge("1", "Ada"))
    database = open_database(url)
    await database.open()
    share = Share("badge_holders")
    for part in (share, *share.halves()):
        lease = await database.leases.acquire(part, "somebody", seconds=30)
        assert lease is not None
        await database.shares.split(lease)
        await database.leases.release(lease)
    await database.close()
    with pytest.raises(InlineViewNotBuiltError, match="badge_holders"):
        await badges(url).start()
    await build(url)
    assert await holders(url) == ["Ada", "Bob"]
