import json
from pathlib import Path

from tests.unit.cli.conftest import Duolog


def test_check_lists_what_is_pending_and_changes_nothing(duolog: Duolog, url: str, tmp_path: Path) -> None:
    ended = duolog("migrate", url, "--check", "--json")
    assert ended.code == 1
    migrations = [json.loads(line) for line in ended.lines]
    assert migrations
    assert {each["state"] for each in migrations} == {"pending"}
    assert not list(tmp_path.iterdir())


def test_pending_migrations_are_applied_and_listed(duolog: Duolog, url: str) -> None:
    pending = [json.loads(line)["migration"] for line in duolog("migrate", url, "--check", "--json").lines]
    ended = duolog("migrate", url)
    assert ended.code == 0
    assert ended.lines == [f"applied  {name}" for name in pending]
    assert duolog("events", url).code == 0


def test_a_second_time_nothing_is_pending(duolog: Duolog, url: str) -> None:
    duolog("migrate", url)
    assert duolog("migrate", url, "--check").code == 0
    assert "up to date" in duolog("migrate", url).stdout
    assert duolog("migrate", url, "--json").stdout == ""
