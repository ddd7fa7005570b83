import asyncio
import json
import re
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from duolog.cli.examination_text import examination_text
from duolog.database.examination import Examination, Level
from duolog.database.port import Database, View
from duolog.subscriptions.members import Work
from duolog.subscriptions.share import Share
from tests.unit.cli import shop
from tests.unit.cli.conftest import Duolog, Target, new_event, with_database

VIEW = View("orders_view", 1, {"orders_view": "CREATE TABLE orders_view (id TEXT PRIMARY KEY)"})


def examined(duolog: Duolog, *arguments: str) -> tuple[int, dict[str, dict[str, Any]]]:
    ended = duolog("doctor", *arguments, "--json", "--patience", "0.05")
    assert ended.stderr == ""
    return ended.code, {each["subject"]: each for each in map(json.loads, ended.lines)}


def file_of(url: str) -> Path:
    return Path(url.removeprefix("sqlite:///"))


@pytest.fixture
def well(url: str) -> str:
    async def run() -> None:
        async with shop.make_application(url) as app:
            await app.execute(shop.PlaceOrderCommand("1", 5))
            await app.caught_up()

    asyncio.run(run())
    return url


def test_a_database_that_is_well_is_told_so(duolog: Duolog, well: str, target: Target) -> None:
    code, found = examined(duolog, well, target())
    assert code == 0
    assert {subject for subject, each in found.items() if each["level"] == "well"} >= {
        "disk space",
        "journal mode",
        "integrity",
        "schema",
        "projection orders_view",
    }


def test_an_application_brings_its_database(duolog: Duolog, well: str, target: Target) -> None:
    del well
    assert examined(duolog, target())[0] == 0


def test_people_get_a_hint_under_each_finding(duolog: Duolog, url: str) -> None:
    ended = duolog("doctor", url)
    assert ended.code == 1
    assert "fault  database: there is no file" in ended.stdout
    assert "hint: Check the path" in ended.stdout


def test_pending_migrations_are_a_fault(duolog: Duolog, url: str) -> None:
    file_of(url).touch()
    code, found = examined(duolog, url)
    assert (code, found["schema"]["level"]) == (1, "fault")
    assert "`duolog migrate`" in found["schema"]["advice"]


def test_a_file_that_is_no_database_is_a_fault(duolog: Duolog, url: str) -> None:
    file_of(url).write_bytes(b"this is no database, it is only text" * 100)
    code, found = examined(duolog, url)
    assert (code, found["database"]["level"]) == (1, "fault")


def test_damaged_pages_are_a_fault(duolog: Duolog, well: str) -> None:
    with closing(sqlite3.connect(file_of(well))) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    with file_of(well).open("r+b") as file:
        file.seek(4096 * 2)
        file.write(b"\xff" * 4096)
    code, found = examined(duolog, well)
    assert code == 1
    assert "fault" in {each["level"] for subject, each in found.items() if subject in {"integrity", "database"}}


def test_an_index_that_misses_a_row_is_a_fault(duolog: Duolog, well: str) -> None:
    """Who reads a stream would miss its event; a quick look does not see it, and says what it left out."""
    with closing(sqlite3.connect(file_of(well))) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        pages = "SELECT rootpage FROM sqlite_schema WHERE type = 'index' AND tbl_name = 'duolog_events'"
        roots = connection.execute(pages).fetchall()
        (size,) = connection.execute("PRAGMA page_size").fetchone()
    content = file_of(well).read_bytes()
    (index,) = [page for (root,) in roots if b"order-1" in (page := content[(root - 1) * size : root * size])]
    file_of(well).write_bytes(content.replace(index, index.replace(b"order-1", b"order-2")))
    code, found = examined(duolog, well)
    assert (code, found["integrity"]["level"]) == (1, "fault")
    assert "missing from index" in found["integrity"]["found"]
    code, found = examined(duolog, well, "--quick")
    assert (code, found["integrity"]["found"]) == (0, "ok; the indexes were left out")


def test_another_journal_mode_is_a_fault(duolog: Duolog, well: str) -> None:
    with closing(sqlite3.connect(file_of(well))) as connection:
        connection.execute("PRAGMA journal_mode = DELETE")
    code, found = examined(duolog, well)
    assert (code, found["journal mode"]["found"]) == (1, "delete")


def test_a_projection_without_an_owner_stands_still(duolog: Duolog, url: str) -> None:
    async def fill(database: Database) -> None:
        await database.prepare_view(VIEW)
        await database.store.append("order-1", [new_event("order.placed")])

    with_database(url, fill)
    code, found = examined(duolog, url)
    assert code == 1
    wanted = (
        r"it stands still at 0 since 20\d\d-.* UTC, 1 positions behind the log; "
        "nobody advances it: no process that is alive works on it"
    )
    assert re.fullmatch(wanted, found["projection orders_view"]["found"])
    assert "duolog run" in found["projection orders_view"]["advice"]


def test_a_dead_owner_is_named(duolog: Duolog, url: str) -> None:
    async def fill(database: Database) -> None:
        await database.prepare_view(VIEW)
        await database.leases.acquire(Share("orders_view"), "worker-7", seconds=0)

    with_database(url, fill)
    code, found = examined(duolog, url)
    assert (code, found["projection orders_view"]["level"]) == (0, "risk")
    assert "its owner worker-7 died" in found["projection orders_view"]["found"]
    assert examined(duolog, url, "--strict")[0] == 1


def test_an_owner_that_does_not_move_is_backing_off(duolog: Duolog, url: str) -> None:
    async def fill(database: Database) -> None:
        await database.prepare_view(VIEW)
        await database.leases.acquire(Share("orders_view"), "worker-7", seconds=600)
        await database.store.append("order-1", [new_event("order.placed")])

    with_database(url, fill)
    code, found = examined(duolog, url)
    assert code == 1
    text = "although worker-7 owns it: it fails again and again, or a handler does not end; next is 'order.placed' at 1"
    assert text in found["projection orders_view"]["found"]


def test_parked_events_are_a_fault(duolog: Duolog, url: str) -> None:
    async def run() -> None:
        async with shop.make_application(url) as app:
            await app.execute(shop.PlaceOrderCommand("1", 13))
            await app.caught_up()

    asyncio.run(run())
    code, found = examined(duolog, url)
    assert code == 1
    wanted = r"1 event is parked, the first since 20\d\d-.* UTC: 'order.placed' at 1 \(handler_raised\)"
    assert re.fullmatch(wanted, found["projection orders_view"]["found"])
    assert "duolog parked list" in found["projection orders_view"]["advice"]


def test_a_view_of_another_version_than_the_code_is_a_fault(duolog: Duolog, url: str, target: Target) -> None:
    async def fill(database: Database) -> None:
        await database.prepare_view(View("orders_view", 7, VIEW.tables))
        await database.prepare_view(View("gone_view", 1, {"gone_view": "CREATE TABLE gone_view (id TEXT)"}))

    with_database(url, fill)
    code, found = examined(duolog, target(), url)
    assert code == 1
    assert found["projection orders_view"]["found"] == "the view is of version 7, the code of version 1"
    assert found["projection gone_view"]["found"] == "the application has no such projection"


def test_what_is_left_of_a_projection_is_a_risk_with_the_command_that_removes_it(
    duolog: Duolog, url: str, target: Target
) -> None:
    """Nobody will ever advance it or apply what it has parked, so neither is a fault."""

    async def run() -> None:
        async with shop.make_application(url) as app:
            await app.execute(shop.PlaceOrderCommand("1", 13))
            await app.caught_up()
            await app.execute(shop.PlaceOrderCommand("2", 5))

    asyncio.run(run())
    gone = "shop.Application('shop', database=url, handlers=[], secret=shop.TEST_SECRET)"
    code, found = examined(duolog, target(gone))
    assert (code, found["projection orders_view"]["level"]) == (0, "risk")
    assert "the application has no such projection; 1 event is parked" in found["projection orders_view"]["found"]
    assert "`duolog projections forget orders_view`" in found["projection orders_view"]["advice"]
    code, found = examined(duolog, url)
    assert code == 1
    assert "`duolog projections forget orders_view`" in found["projection orders_view"]["advice"]
    assert duolog("projections", "forget", "orders_view", url, "--yes").code == 0
    assert "projection orders_view" not in examined(duolog, target(gone))[1]


def test_a_projection_that_another_process_runs_is_no_left_over(duolog: Duolog, url: str, target: Target) -> None:
    """Two applications may share a database."""

    async def fill(database: Database) -> None:
        await database.prepare_view(VIEW)
        await database.leases.acquire(Share("orders_view"), "worker-7", seconds=600)

    with_database(url, fill)
    gone = target("shop.Application('shop', database=url, handlers=[], secret=shop.TEST_SECRET)")
    assert examined(duolog, gone)[1]["projection orders_view"]["level"] == "well"


def test_a_finding_of_several_lines_is_shown_on_several_lines() -> None:
    """As the database itself reports damage; what would move the cursor stays escaped."""
    found = Examination("integrity", Level.FAULT, "Tree 5 page 3:\n\x1b[2J is damaged", "Restore it.")
    assert (
        examination_text(found)
        == "integrity: Tree 5 page 3:\n         \\u001b[2J is damaged\n         hint: Restore it."
    )


def test_two_databases_are_too_many(duolog: Duolog, url: str) -> None:
    assert duolog("doctor", url, url).code == 2


async def place(database: Database) -> None:
    await database.store.append("order-2", [new_event("order.placed")])


def test_a_paused_projection_is_told_with_who_and_how_to_go_on(duolog: Duolog, well: str) -> None:
    """It stands still on purpose, so it is a risk and no fault."""
    assert duolog("projections", "pause", "orders_view", well).stdout.startswith("orders_view is paused and stands")
    assert "orders_view (paused)" in duolog("projections", "status", well).stdout
    with_database(well, place)
    code, found = examined(duolog, well)
    projection = found["projection orders_view"]
    assert (code, projection["level"]) == (0, "risk")
    assert re.search(r"\S+ has paused it at .* UTC; it stands at 1, 1 positions behind", projection["found"])
    assert "duolog projections resume orders_view" in projection["advice"]
    assert duolog("projections", "resume", "orders_view", well).stdout == "orders_view goes on\n"
    assert duolog("projections", "resume", "orders_view", well).stdout == "orders_view is not paused\n"


@pytest.mark.parametrize(("version", "said"), [(1, "although other/1 could"), (2, "processes run version 2 (other/1)")])
def test_who_could_advance_a_projection_that_stands_still_is_told(
    duolog: Duolog, well: str, version: int, said: str
) -> None:
    """A process of the same version that fails, or processes of another one only."""

    async def join(database: Database) -> None:
        await place(database)
        await database.members.beat("other/1", [Work("orders_view", version)], seconds=60)

    with_database(well, join)
    assert said in examined(duolog, well)[1]["projection orders_view"]["found"]


def test_a_view_is_reset(duolog: Duolog, well: str, target: Target) -> None:
    """It is empty, and at the beginning of the log."""
    assert duolog("projections", "reset", target(), "orders_view", "--yes").stdout == "orders_view begins anew\n"
    (status,) = map(json.loads, duolog("projections", "status", well, "--json").lines)
    assert (status["position"], status["parked"]) == (0, 0)
    refused = duolog("projections", "reset", target(), "nowhere_view", "--yes")
    assert (refused.code, "has no projection 'nowhere_view'" in refused.stderr) == (2, True)
