import asyncio
import json
import re
from pathlib import Path

import pytest

from tests.unit.cli import shop
from tests.unit.cli.conftest import Duolog, Target


@pytest.fixture
def parked(url: str) -> str:
    """Two orders whose amount the projection cannot apply, one of them followed by more, and one that it can."""

    async def fill() -> None:
        async with shop.make_application(url) as app:
            for order, amount in (("1", 13), ("2", 5), ("1", 6), ("3", 13)):
                await app.execute(shop.PlaceOrderCommand(order, amount))
            await app.caught_up()

    asyncio.run(fill())
    return url


def rows(url: str) -> list[tuple[str, int]]:
    async def read() -> list[tuple[str, int]]:
        app = shop.make_application(url)
        await app.start(projections=False)
        try:
            return [(order.id, order.amount) for order in await app.query(shop.ListOrdersQuery())]
        finally:
            await app.close()

    return asyncio.run(read())


def test_the_list_says_what_is_parked_and_why(duolog: Duolog, parked: str) -> None:
    ended = duolog("parked", "list", parked, "--json")
    assert (ended.code, ended.stderr) == (0, "")
    events = [json.loads(line) for line in ended.lines]
    assert [(each["key"], each["position"], each["reason"], each["error"]) for each in events] == [
        ("order-1", 1, "handler_raised", "ValueError: cannot count 13"),
        ("order-1", 3, "behind_parked", ""),
        ("order-3", 4, "handler_raised", "ValueError: cannot count 13"),
    ]
    table = duolog("parked", "list", parked, "--key", "order-3").stdout
    assert "ValueError: cannot count 13" in table
    assert "order-1" not in table


def test_nothing_parked_says_so(duolog: Duolog, url: str, target: Target) -> None:
    asyncio.run(_start_and_close(url))
    assert duolog("parked", "list", url).stdout == "nothing is parked\n"
    assert duolog("parked", "retry", target(), "--all").stdout == "nothing is parked\n"


def test_one_is_shown_with_traceback_and_payload(duolog: Duolog, parked: str) -> None:
    ended = duolog("parked", "show", "1", parked)
    assert ended.code == 0
    assert "orders_view" in ended.stdout
    assert '{"order_id":"1","amount":13,"note":null}' in ended.stdout
    assert "in on_placed" in ended.stdout
    detail = json.loads(duolog("parked", "show", "1", parked, "--json").stdout)
    assert detail["event"]["data"] == {"order_id": "1", "amount": 13, "note": None}
    assert "in on_placed" in detail["traceback"]


def test_a_position_that_is_not_parked_is_an_error(duolog: Duolog, parked: str) -> None:
    ended = duolog("parked", "show", "2", parked)
    assert ended.code == 2
    assert "no event is parked at position 2" in ended.stderr


def test_a_repaired_release_applies_a_key(
    duolog: Duolog, parked: str, target: Target, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shop, "REFUSED", set[int]())
    ended = duolog("parked", "retry", target(), "--key", "order-1")
    assert (ended.code, ended.stdout) == (0, "orders_view  order-1  2 applied\n")
    assert rows(parked) == [("2", 5), ("1", 13), ("1", 6)]
    assert len(duolog("parked", "list", parked, "--json").lines) == 1


def test_what_fails_again_is_told_and_answered_with_1(duolog: Duolog, parked: str, target: Target) -> None:
    ended = duolog("parked", "retry", target(), "--all", "--json")
    assert ended.code == 1
    assert [(each["key"], each["applied"], each["parked"]) for each in map(json.loads, ended.lines)] == [
        ("order-1", 0, 2),
        ("order-3", 0, 1),
    ]
    assert rows(parked) == [("2", 5)]


@pytest.mark.parametrize("choice", [(), ("--all", "--key", "order-1")])
def test_a_retry_needs_one_choice(duolog: Duolog, target: Target, choice: tuple[str, ...]) -> None:
    ended = duolog("parked", "retry", target(), *choice)
    assert ended.code == 2
    assert "say which events" in ended.stderr


@pytest.mark.parametrize(
    "choice", [("--key", "order-9"), ("--key", "order-1", "--tenant", "acme"), ("--all", "--tenant", "acme")]
)
def test_a_choice_that_fits_nothing_is_an_error(
    duolog: Duolog, parked: str, target: Target, choice: tuple[str, ...]
) -> None:
    """A typo must not look like a repair."""
    ended = duolog("parked", "retry", target(), *choice)
    assert (ended.code, ended.stdout) == (2, "")
    assert "nothing is parked of " in ended.stderr
    del parked


def test_a_list_says_what_else_is_parked(duolog: Duolog, parked: str) -> None:
    """An unknown projection is an error, a stream of which nothing is parked is not."""
    ended = duolog("parked", "list", parked, "--key", "order-2")
    assert (ended.code, ended.stdout) == (0, "nothing is parked of stream 'order-2'; 3 events are parked in all\n")
    for arguments in ((), ("--json",)):
        ended = duolog("parked", "list", parked, "--subscription", "nope", *arguments)
        assert (ended.code, ended.stdout) == (2, "")
        assert "no projection 'nope' has run on this database" in ended.stderr
        assert "orders_view" in ended.stderr


def test_what_a_projection_has_parked_that_is_gone_is_named(duolog: Duolog, parked: str, target: Target) -> None:
    """No retry can apply it, and the hint says what removes it."""
    gone = "shop.Application('shop', database=url, handlers=[], secret=shop.TEST_SECRET)"
    ended = duolog("parked", "retry", target(gone), "--all")
    assert (ended.code, ended.stdout) == (1, "")
    assert "orders_view: 3 events are parked, and the application has no such projection" in ended.stderr
    assert "`duolog projections forget orders_view`" in ended.stderr
    assert duolog("projections", "forget", "orders_view", parked, "--yes").code == 0
    assert duolog("parked", "list", parked).stdout == "nothing is parked\n"


def test_the_traceback_is_that_of_the_event_alone(duolog: Duolog, parked: str) -> None:
    """That its page was tried before as a whole is no part of it."""
    detail = json.loads(duolog("parked", "show", "1", parked, "--json").stdout)
    assert detail["traceback"].count("Traceback (most recent call last)") == 1
    assert detail["traceback"].endswith("ValueError: cannot count 13\n")


async def _start_and_close(url: str) -> None:
    async with shop.make_application(url):
        pass


def test_a_database_that_is_not_there_is_an_error(duolog: Duolog, tmp_path: Path) -> None:
    assert duolog("parked", "list", f"sqlite:///{tmp_path / 'none.db'}").code == 2


def test_a_skip_needs_to_be_meant_and_says_who_and_when(duolog: Duolog, parked: str, target: Target) -> None:
    """Without --yes nothing is skipped; with it, the events behind are applied."""
    refused = duolog("parked", "skip", target(), "--key", "order-1")
    assert (refused.code, "give --yes" in refused.stderr) == (2, True)
    ended = duolog("parked", "skip", target(), "--key", "order-1", "--yes")
    assert ended.code == 0
    assert re.search(r"order-1  1 skipped by \S+ at \d{4}-\d\d-\d\dT", ended.stdout)
    assert "order-1  1 applied" in ended.stdout
    assert sorted(rows(parked)) == [("1", 6), ("2", 5)]
    nothing = duolog("parked", "skip", target(), "--key", "order-1", "--yes")
    assert (nothing.code, "nothing is parked of stream 'order-1'" in nothing.stderr) == (2, True)
