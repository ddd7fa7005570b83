import json

import pytest

from duolog.database.port import Database
from duolog.ids import uuid7
from duolog.scheduling.scheduled_command import NewCommand, ScheduledCommand, ScheduledId, ScheduledState
from duolog.write.sealed_work import SealedWork
from tests.unit.cli.conftest import Duolog, with_database

WAITING, FAILED = ScheduledId(uuid7()), ScheduledId(uuid7())


@pytest.fixture
def scheduled(url: str) -> str:
    """A command that is due in an hour, and one that was refused."""

    async def fill(database: Database) -> None:
        new = NewCommand(WAITING, "", "user.remind", 1, b'{"secret":"s3"}', b"{}", "user-1", None, 3_600_000_000)
        old = NewCommand(FAILED, "acme", "user.greet", 1, b"{}", b"{}", "user-2", 1_000_000)
        statements = tuple(database.schedule.adding(each) for each in (new, old))
        await database.committer.commit(SealedWork(statements=statements))
        (taken,) = await database.schedule.take({"user.greet": 1}, owner="one", seconds=60, limit=1)
        await database.schedule.set_aside(taken, error="ValueError: no", traceback="Traceback\n  in execute\n")

    with_database(url, fill)
    return url


def find(url: str, command: ScheduledId) -> ScheduledCommand | None:
    found: list[ScheduledCommand | None] = []

    async def look(database: Database) -> None:
        found.append(await database.schedule.find(command))

    with_database(url, look)
    return found[0]


def test_the_list_is_in_the_order_they_are_due(duolog: Duolog, scheduled: str) -> None:
    ended = duolog("scheduled", "list", scheduled, "--json")
    assert (ended.code, ended.stderr) == (0, "")
    rows = [json.loads(line) for line in ended.lines]
    assert [(each["id"], each["command"], each["state"], each["error"]) for each in rows] == [
        (str(FAILED), "user.greet", "failed", "ValueError: no"),
        (str(WAITING), "user.remind", "waiting", ""),
    ]
    assert rows[0]["due_at"] == "1970-01-01T00:00:01Z"
    table = duolog("scheduled", "list", scheduled, "--state", "failed").stdout
    assert "acme/user-2" in table
    assert "user.remind" not in table
    assert len(duolog("scheduled", "list", scheduled, "--command", "user.remind", "--json").lines) == 1


def test_nothing_scheduled_says_so(duolog: Duolog, scheduled: str) -> None:
    ended = duolog("scheduled", "list", scheduled, "--tenant", "nobody", "--state", "waiting")
    assert ended.stdout == "nothing is scheduled of state 'waiting', tenant 'nobody'; other commands are\n"
    assert duolog("scheduled", "skip", str(FAILED), scheduled).code == 0
    assert duolog("scheduled", "cancel", str(WAITING), scheduled).code == 0
    assert duolog("scheduled", "list", scheduled, "--command", "nope").stdout == "nothing is scheduled\n"


def test_one_is_shown_with_its_traceback_and_its_payload_only_when_asked(duolog: Duolog, scheduled: str) -> None:
    shown = duolog("scheduled", "show", str(FAILED), scheduled).stdout
    assert "in execute" in shown
    assert "next try" not in shown  # it was refused: nobody tries it until it is retried
    assert "s3" not in duolog("scheduled", "show", str(WAITING), scheduled).stdout
    assert "s3" not in duolog("scheduled", "show", str(WAITING), scheduled, "--json").stdout
    assert '"secret":"s3"' in duolog("scheduled", "show", str(WAITING), scheduled, "--payload").stdout
    detail = json.loads(duolog("scheduled", "show", str(WAITING), scheduled, "--payload", "--json").stdout)
    assert detail["payload"] == {"secret": "s3"}


def test_one_that_waits_is_cancelled(duolog: Duolog, scheduled: str) -> None:
    ended = duolog("scheduled", "cancel", str(WAITING), scheduled)
    assert (ended.code, ended.stdout) == (0, f"{WAITING} is cancelled\n")
    assert find(scheduled, WAITING) is None


def test_one_that_failed_is_retried_or_skipped(duolog: Duolog, scheduled: str) -> None:
    ended = duolog("scheduled", "retry", str(FAILED), scheduled, "--json")
    assert (ended.code, json.loads(ended.stdout)) == (0, {"id": str(FAILED), "done": "due"})
    found = find(scheduled, FAILED)
    assert found is not None
    assert found.state is ScheduledState.WAITING


def test_one_that_failed_is_skipped(duolog: Duolog, scheduled: str) -> None:
    assert duolog("scheduled", "skip", str(FAILED), scheduled).code == 0
    assert find(scheduled, FAILED) is None


@pytest.mark.parametrize(
    ("verb", "command"), [("show", uuid7()), ("cancel", FAILED), ("retry", WAITING), ("skip", WAITING)]
)
def test_one_that_is_not_there_or_in_another_state_is_an_error(
    duolog: Duolog, scheduled: str, verb: str, command: ScheduledId
) -> None:
    ended = duolog("scheduled", verb, str(command), scheduled)
    assert ended.code == 2
    assert f"no command {command} is " in ended.stderr


def test_the_doctor_says_what_was_refused_and_what_is_overdue(duolog: Duolog, scheduled: str) -> None:
    ended = duolog("doctor", scheduled, "--json")
    found = [each for each in map(json.loads, ended.lines) if each["subject"] == "scheduled commands"]
    assert [each["found"] for each in found] == ["1 command was refused"]
    assert "duolog scheduled list --state failed" in found[0]["advice"]
    assert duolog("scheduled", "retry", str(FAILED), scheduled).code == 0
    ended = duolog("doctor", scheduled, "--json")
    found = [each for each in map(json.loads, ended.lines) if each["subject"] == "scheduled commands"]
    assert [each["found"] for each in found] == [
        "1 command is overdue, the longest since 1970-01-01 00:00:01 UTC; what failed last: ValueError: no"
    ]
    assert ended.code == 1
