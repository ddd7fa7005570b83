import json
from pathlib import Path

import pytest

from duolog.database.port import Database
from tests.unit.cli.conftest import Duolog, new_event, with_database


@pytest.fixture
def other(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'other.db'}"


@pytest.fixture
def filled(url: str) -> str:
    async def fill(database: Database) -> None:
        await database.create_tables({"prices": "CREATE TABLE prices (id INTEGER PRIMARY KEY)"})
        for number in range(3):
            await database.store.append(f"order-{number}", [new_event("order.placed")])

    with_database(url, fill)
    return url


def test_a_log_is_moved_and_the_result_is_told(duolog: Duolog, filled: str, other: str) -> None:
    ended = duolog("promote", filled, other)
    assert ended.code == 0, ended.stderr
    assert ended.lines[0] == f"moved {filled} to {other}"
    shown = ended.stdout
    assert "copied      3 events in " in shown
    assert "verified    3 events on both sides" in shown
    assert "not moved   prices" in shown
    exported = json.loads(duolog("export", other, "--json").stderr)
    assert exported["sha256"] in shown


def test_programs_get_the_result_as_json(duolog: Duolog, filled: str, other: str) -> None:
    first = json.loads(duolog("promote", filled, other, "--json").stdout)
    assert (first["events"], first["copied"], first["left"], first["was_done"]) == (3, 3, ["prices"], False)
    again = json.loads(duolog("promote", filled, other, "--json").stdout)
    assert (again["events"], again["copied"], again["was_done"], again["sha256"]) == (3, 0, True, first["sha256"])
    assert f"{filled} was moved to {other} before" in duolog("promote", filled, other).stdout


def test_a_dry_run_changes_nothing(duolog: Duolog, filled: str, other: str) -> None:
    ended = duolog("promote", filled, other, "--dry-run")
    assert ended.code == 0, ended.stderr
    assert f"{filled} can be moved to {other}" in ended.stdout
    assert "not moved   prices" in ended.stdout
    found = json.loads(duolog("promote", filled, other, "--dry-run", "--json", "--tables", "").stdout)
    assert (found["position"], found["received"]) == (3, 0)
    assert duolog("migrate", filled).code == 0
    assert duolog("export", other, "--json").code == 0


def test_tables_that_are_missing_in_the_target_are_named(duolog: Duolog, filled: str, other: str) -> None:
    ended = duolog("promote", filled, other, "--tables", "prices, nothing")
    assert ended.code == 2
    assert f"{filled} has no table nothing" in ended.stderr
    ended = duolog("promote", filled, other, "--tables", "prices")
    assert f"{other} has no table prices" in ended.stderr


def test_a_moved_log_says_where_it_is(duolog: Duolog, filled: str, other: str) -> None:
    duolog("promote", filled, other)
    refused = duolog("migrate", filled)
    assert refused.code == 2
    assert f"was moved to {other}, and can only be read here" in refused.stderr
    assert f"duolog promote {other} {filled}" in refused.stderr
    assert duolog("events", filled).code == 0
    examined = {each["subject"]: each for each in map(json.loads, duolog("doctor", filled, "--json").lines)}
    assert examined["log"]["level"] == "risk"
    assert f"moved to {other}" in examined["log"]["found"]


def test_it_is_undone_where_the_target_is_lost(duolog: Duolog, filled: str, other: str) -> None:
    duolog("promote", filled, other)
    ended = duolog("promote", "--undo", filled)
    assert (ended.code, ended.stderr) == (0, "")
    assert f"see to it that nobody writes in {other}" in ended.stdout
    assert duolog("migrate", filled).code == 0
    again = duolog("promote", "--undo", filled, "--json")
    assert (again.code, json.loads(again.stdout)["was_moved_to"]) == (1, None)
    assert duolog("promote", "--undo", filled, other).code == 2


@pytest.mark.parametrize("arguments", [(), ("memory://",), ("sqlite:///nowhere/at/all.db",), ("mystery://x",)])
def test_a_target_that_cannot_be_is_refused(duolog: Duolog, filled: str, arguments: tuple[str, ...]) -> None:
    ended = duolog("promote", filled, *arguments)
    assert ended.code == 2
    assert "hint: " in ended.stderr
    assert duolog("migrate", filled).code == 0


def test_a_source_that_is_not_there_is_told_and_not_made(duolog: Duolog, url: str, other: str, tmp_path: Path) -> None:
    """A mistyped name is no empty log: neither a look, nor a move, nor an undo makes a file."""
    for arguments in ((url, other, "--dry-run"), (url, other), ("--undo", url)):
        ended = duolog("promote", *arguments)
        assert ended.code == 2
        assert f"there is no database {url}" in ended.stderr
    assert list(tmp_path.iterdir()) == []
