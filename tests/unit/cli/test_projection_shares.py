"""`duolog projections split|merge|audit` divide a view and compare it with the log."""

import asyncio
import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from tests.unit.cli import shop
from tests.unit.cli.conftest import Duolog, Target


@pytest.fixture
def filled(url: str) -> str:
    async def run() -> None:
        async with shop.make_application(url) as app:
            for order in range(8):
                await app.execute(shop.PlaceOrderCommand(f"{order}", 13 if order == 3 else order))
            await app.caught_up()

    asyncio.run(run())
    return url


def test_a_view_is_split_and_merged_again(duolog: Duolog, filled: str, target: Target) -> None:
    assert duolog("projections", "split", "orders_view", filled).code == 0
    asyncio.run(_place(filled, "9"))
    ended = duolog("projections", "merge", target(), "orders_view", "--json")
    assert json.loads(ended.stdout) == {"name": "orders_view", "shares": ["0..255"]}
    ended = duolog("projections", "merge", target(), "orders_view")
    assert ended.code == 2
    assert "has one share" in ended.stderr


def test_an_audit_finds_nothing_where_all_was_processed(duolog: Duolog, filled: str, target: Target) -> None:
    """Parked events count as processed, and splits and merges change nothing."""
    assert duolog("projections", "split", "orders_view", filled).code == 0
    ended = duolog("projections", "audit", target(), "--json")
    assert ended.code == 0
    audits = [json.loads(line) for line in ended.lines]
    assert [each["buckets"] for each in audits] == ["0..127", "128..255"]
    assert sum(each["count"] for each in audits) == 8
    assert all(each["differences"] == [] for each in audits)
    assert "as the log: 8 events in 1..8" in duolog("projections", "audit", target(), "orders_view").stdout


def test_an_audit_names_the_stretch_that_differs(duolog: Duolog, filled: str, target: Target) -> None:
    with closing(sqlite3.connect(Path(filled.removeprefix("sqlite:///")))) as connection:
        connection.execute("UPDATE duolog_checkpoints SET counted = counted - 1")
        connection.commit()
    ended = duolog("projections", "audit", target(), "orders_view")
    assert ended.code == 1
    assert "NOT as the log" in ended.stdout
    assert "1..8 (buckets 0..255): the log has 8, 7 were processed" in ended.stdout


@pytest.mark.usefixtures("filled")
def test_an_unknown_projection_is_an_error(duolog: Duolog, target: Target) -> None:
    for arguments in (("audit", target(), "no_view"), ("merge", target(), "no_view")):
        ended = duolog("projections", *arguments)
        assert ended.code == 2
        assert "It has: orders_view" in ended.stderr


async def _place(url: str, order: str) -> None:
    async with shop.make_application(url) as app:
        await app.execute(shop.PlaceOrderCommand(order, 1))
        await app.caught_up()
