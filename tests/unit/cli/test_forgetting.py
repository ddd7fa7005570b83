"""`duolog projections forget` removes what is left of a projection."""

import asyncio
import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from tests.unit.cli import shop
from tests.unit.cli.conftest import Duolog


@pytest.fixture
def left(url: str) -> str:
    """A database on which a projection has run that parked an event."""

    async def run() -> None:
        async with shop.make_application(url) as app:
            for order, amount in (("1", 13), ("2", 5)):
                await app.execute(shop.PlaceOrderCommand(order, amount))
            await app.caught_up()

    asyncio.run(run())
    return url


def tables(url: str) -> set[str]:
    with closing(sqlite3.connect(Path(url.removeprefix("sqlite:///")))) as connection:
        return {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}


def statuses(duolog: Duolog, url: str) -> list[str]:
    return [json.loads(line)["name"] for line in duolog("projections", "status", url, "--json").lines]


def test_it_is_asked_before_anything_is_removed(duolog: Duolog, left: str) -> None:
    """No, and no answer, change nothing."""
    for typed in ("n\n", ""):
        ended = duolog("projections", "forget", "orders_view", left, "--drop-table", "orders_view", typed=typed)
        assert ended.code == 1
        assert "its checkpoint at 2 and its 1 parked event, and drop orders_view?" in ended.stderr
    assert statuses(duolog, left) == ["orders_view"]
    assert "orders_view" in tables(left)
    ended = duolog("projections", "forget", "orders_view", left, typed="y\n")
    assert ended.code == 0
    assert ended.stdout.endswith("orders_view is forgotten; its tables stay\n")


def test_checkpoint_and_parked_events_go_and_the_events_stay(duolog: Duolog, left: str) -> None:
    """Its table stays where nobody names it."""
    ended = duolog("projections", "forget", "orders_view", left, "--yes", "--json")
    assert json.loads(ended.stdout) == {"name": "orders_view", "position": 2, "parked": 1, "dropped_tables": []}
    assert statuses(duolog, left) == []
    assert duolog("parked", "list", left).stdout == "nothing is parked\n"
    assert len(duolog("events", left, "--json").lines) == 2
    assert "orders_view" in tables(left)


def test_with_its_table_dropped_it_may_come_back_and_begins_anew(
    duolog: Duolog, left: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No row of its former life is there twice."""
    assert duolog("projections", "forget", "orders_view", left, "--drop-table", "orders_view", "-y").code == 0
    assert "orders_view" not in tables(left)
    monkeypatch.setattr(shop, "REFUSED", set[int]())

    async def run() -> list[str]:
        async with shop.make_application(left) as app:
            await app.caught_up()
            return [order.id for order in await app.query(shop.ListOrdersQuery())]

    assert asyncio.run(run()) == ["1", "2"]


@pytest.mark.parametrize("table", ["orders", "duolog_events"])
def test_a_table_that_is_not_an_applications_refuses_it_all(duolog: Duolog, left: str, table: str) -> None:
    """Nothing is removed in part."""
    ended = duolog("projections", "forget", "orders_view", left, "--drop-table", table, "--yes")
    assert (ended.code, ended.stdout) == (2, "")
    assert statuses(duolog, left) == ["orders_view"]


def test_one_that_a_process_runs_is_refused(duolog: Duolog, left: str) -> None:
    """Its owner would go on with a view whose checkpoint is gone."""

    async def run() -> tuple[int, str]:
        async with shop.make_application(left):
            ended = await asyncio.to_thread(duolog, "projections", "forget", "orders_view", left, "--yes")
            return ended.code, ended.stderr

    code, stderr = asyncio.run(run())
    assert code == 2
    assert "a process runs the projection 'orders_view'" in stderr
    assert statuses(duolog, left) == ["orders_view"]


def test_an_unknown_name_is_an_error(duolog: Duolog, left: str, tmp_path: Path) -> None:
    """And a database that is not there is not made."""
    ended = duolog("projections", "forget", "order_view", left, "--yes")
    assert ended.code == 2
    assert "These have: orders_view." in ended.stderr
    missing = tmp_path / "none.db"
    assert duolog("projections", "forget", "orders_view", f"sqlite:///{missing}", "--yes").code == 2
    assert not missing.exists()
