"""`duolog projections rebuild|rollback` build a view anew, compare it, switch it and go back."""

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
                await app.execute(shop.PlaceOrderCommand(f"{order}", order))
            await app.caught_up()

    asyncio.run(run())
    return url


@pytest.mark.usefixtures("filled")
def test_a_view_is_rebuilt_and_gone_back_from(duolog: Duolog, target: Target) -> None:
    """Each says what is live; the status shows both generations."""
    ended = duolog("projections", "rebuild", target(), "orders_view")
    assert ended.code == 0
    assert "orders_view: generation 2, version 1, is live now" in ended.stdout
    assert "generation 2: 8 of 8 (100.0 %)" in ended.stderr
    ended = duolog("projections", "rollback", target(), "orders_view", "--json")
    assert json.loads(ended.lines[-1]) == {
        "name": "orders_view",
        "generation": 1,
        "version": 1,
        "role": "live",
        "behind": 0,
    }
    ended = duolog("projections", "rebuild", target(), "orders_view", "--drop-previous")
    assert "dropped generation 2" in ended.stdout
    ended = duolog("projections", "rollback", target(), "orders_view")
    assert ended.code == 2
    assert "has no previous generation" in ended.stderr


def test_a_view_that_differs_is_shown_and_not_switched(duolog: Duolog, filled: str, target: Target) -> None:
    """With --switch-if-equal; the exit code says so, and what was built stays until it is dropped."""
    with closing(sqlite3.connect(Path(filled.removeprefix("sqlite:///")))) as connection:
        connection.execute("UPDATE orders_view SET amount = 70 WHERE id = '7'")
        connection.commit()
    ended = duolog("projections", "rebuild", target(), "orders_view", "--switch-if-equal")
    assert ended.code == 1
    assert "1 only in the live one, 1 only in generation 2, 0 changed" in ended.stdout
    assert 'live  {"id":"7","amount":70}' in ended.stdout
    assert 'g2    {"id":"7","amount":7}' in ended.stdout
    assert "was built, and is not switched to" in ended.stdout
    ended = duolog("projections", "rebuild", target(), "orders_view", "--diff", "--no-switch", "--json")
    assert ended.code == 1
    came = json.loads(ended.lines[-1])
    assert (came["is_live"], came["generation"], came["difference"]["is_equal"]) == (False, 2, False)
    assert json.loads(ended.lines[0])["progress"]["head"] == 8
    assert "dropped generation 2" in duolog("projections", "rebuild", target(), "orders_view", "--cancel").stdout
    assert "has no shadow generation" in duolog("projections", "rebuild", target(), "orders_view", "--cancel").stdout


@pytest.mark.usefixtures("filled")
def test_a_view_that_is_equal_is_switched(duolog: Duolog, target: Target) -> None:
    ended = duolog("projections", "rebuild", target(), "orders_view", "--switch-if-equal")
    assert ended.code == 0
    assert "at position 8: equal" in ended.stdout
    assert "is live now" in ended.stdout


@pytest.mark.usefixtures("filled")
def test_a_strict_rebuild_names_the_event(duolog: Duolog, target: Target, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shop, "REFUSED", {3})
    ended = duolog("projections", "rebuild", target(), "orders_view", "--strict")
    assert ended.code == 2
    assert "cannot apply order.placed at position 4" in ended.stderr


@pytest.mark.usefixtures("filled")
def test_an_unknown_projection_is_an_error(duolog: Duolog, target: Target) -> None:
    for command in ("rebuild", "rollback"):
        ended = duolog("projections", command, target(), "other_view")
        assert ended.code == 2
        assert "has no projection 'other_view'" in ended.stderr
