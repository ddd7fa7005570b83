import gzip
import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from duolog.database.port import Database
from duolog.eventstore.streams import partition_of
from duolog.ids import uuid7
from duolog.messages.envelope import RecordedEvent
from duolog.process_managers.states import StoredProcess
from duolog.scheduling.scheduled_command import NewCommand, ScheduledId
from duolog.write.sealed_work import SealedWork
from tests.unit.cli.conftest import Duolog, new_event, with_database

SPOILT_EASILY = b'{"b": 1.50, "a":"\xc3\xa9\\\\ \\t\\"\xf0\x9f\x99\x82",  "c":[1e2,null]}'
OF_TWO_LINES = b'{"a":\n1}'


def fill(url: str, count: int = 5) -> None:
    async def work(database: Database) -> None:
        await database.keep_secret_check("check")
        for number in range(count):
            await database.store.append(f"order-{number % 3}", [new_event("order.placed", SPOILT_EASILY, "a:b", "c:d")])
        await database.store.append("order-0", [new_event("order.placed", OF_TWO_LINES)], tenant="acme")

    with_database(url, work)


def log_of(url: str) -> Sequence[RecordedEvent]:
    found: list[RecordedEvent] = []

    async def work(database: Database) -> None:
        found.extend((await database.store.read_all(limit=1_000_000)).events)

    with_database(url, work)
    return found


@pytest.fixture
def other(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'other.db'}"


@pytest.fixture(params=["sqlite", "postgres"])
def any_other(request: pytest.FixtureRequest, other: str) -> str:
    return other if request.param == "sqlite" else str(request.getfixturevalue("empty_postgres_url"))


@pytest.fixture
def history(tmp_path: Path) -> Path:
    return tmp_path / "history.ndjson"


def write(file: Path, *lines: Mapping[str, Any] | str) -> None:
    texts = (line if isinstance(line, str) else json.dumps(line) for line in lines)
    file.write_text("".join(f"{text}\n" for text in texts), encoding="utf-8", errors="surrogateescape")


def schedule(url: str) -> None:
    async def work(database: Database) -> None:
        waiting = NewCommand(ScheduledId(uuid7()), "", "user.remind", 1, b"{}", b"{}", after=3_600_000_000)
        process = StoredProcess("remind", "", "ada", "stamp", 1, b"{}")
        statements = (
            database.schedule.adding(waiting),
            database.process_states.writing(StoredProcess("remind", "", "ada"), process),
        )
        await database.committer.commit(SealedWork(statements=statements))

    with_database(url, work)


def placed(number: int = 1, **members: Any) -> dict[str, Any]:
    return {"stream": f"order-{number}", "type": "order.placed", "data": {"n": number}, **members}


def test_what_a_backup_has_no_place_for_is_left_out_only_when_asked(duolog: Duolog, url: str, tmp_path: Path) -> None:
    fill(url)
    schedule(url)
    refused = duolog("export", url, str(tmp_path / "backup.ndjson"))
    assert refused.code == 2
    assert "would lack 1 scheduled commands and 1 running processes" in refused.stderr
    assert not (tmp_path / "backup.ndjson").exists()
    assert duolog("export", url, str(tmp_path / "backup.ndjson"), "--log-only").code == 0


@pytest.mark.parametrize("name", ["backup.ndjson", "backup.ndjson.gz"])
def test_a_backup_is_restored_exactly(duolog: Duolog, url: str, any_other: str, tmp_path: Path, name: str) -> None:
    fill(url)
    exported = duolog("export", url, str(tmp_path / name), "--json")
    assert exported.code == 0, exported.stderr
    result = json.loads(exported.stdout)
    assert (result["events"], result["position"]) == (6, 6)
    restored = duolog("import", str(tmp_path / name), any_other, "--json")
    assert restored.code == 0, restored.stderr
    assert json.loads(restored.stdout)["is_backup"] is True
    assert log_of(any_other) == log_of(url)
    again = duolog("export", any_other, "-", "--json")
    assert json.loads(again.stderr)["sha256"] == result["sha256"]
    assert duolog("doctor", any_other).code == 0


def test_the_lines_are_json_as_it_is_stored(duolog: Duolog, url: str) -> None:
    fill(url)
    ended = duolog("export", url)
    first, *events, last = ended.lines
    assert json.loads(first)["format"] == "duolog.log"
    assert SPOILT_EASILY.decode() in events[0]
    assert json.loads(events[0])["tags"] == ["a:b", "c:d"]
    assert json.loads(json.loads(events[-1])["data_text"]) == {"a": 1}
    assert json.loads(last)["events"] == len(events) == 6
    assert "6 events up to position 6" in ended.stderr


def test_an_empty_log_is_exported_and_restored(duolog: Duolog, url: str, other: str, tmp_path: Path) -> None:
    duolog("migrate", url)
    assert duolog("export", url, str(tmp_path / "empty.ndjson")).code == 0
    assert "restored 0 events" in duolog("import", str(tmp_path / "empty.ndjson"), other).stdout


def test_a_file_that_is_there_is_not_written_over(duolog: Duolog, url: str, history: Path) -> None:
    fill(url)
    history.write_text("mine")
    ended = duolog("export", url, str(history))
    assert (ended.code, history.read_text()) == (2, "mine")
    assert "is there already" in ended.stderr


@pytest.mark.parametrize("through_a_pipe", [False, True])
@pytest.mark.parametrize("spoil", ["cut", "cut inside a line", "leave out", "change", "append", "swap", "cut packed"])
def test_a_backup_that_is_not_whole_is_refused(
    duolog: Duolog, url: str, other: str, tmp_path: Path, spoil: str, *, through_a_pipe: bool
) -> None:
    fill(url)
    file = tmp_path / "backup.ndjson"
    duolog("export", url, str(file))
    lines = file.read_bytes().splitlines(keepends=True)
    spoilt = {
        "cut": lines[:-1],
        "cut inside a line": [*lines[:-1], lines[-1][:20]],
        "leave out": [*lines[:-2], lines[-1]],
        "change": [line.replace(b'"actor":"ada"', b'"actor":"eve"') for line in lines],
        "append": [*lines, lines[-2]],
        "swap": [lines[0], lines[2], lines[1], *lines[3:]],
    }.get(spoil, lines)
    file.write_bytes(b"".join(spoilt))
    if spoil == "cut packed":
        file = tmp_path / "backup.ndjson.gz"
        file.write_bytes(gzip.compress(b"".join(lines))[:-20])
    if through_a_pipe and spoil != "cut packed":
        command = [sys.executable, "-m", "duolog", "import", "-", other]
        with file.open("rb") as opened:
            ended = subprocess.run(command, stdin=opened, capture_output=True, check=False, env=os.environ)
        code, stderr = ended.returncode, ended.stderr.decode()
    else:
        shown = duolog("import", str(file), other)
        code, stderr = shown.code, shown.stderr
    assert code == 2, stderr
    assert "error: " in stderr
    assert "Traceback" not in stderr
    if Path(other.removeprefix("sqlite:///")).exists():
        assert log_of(other) == []


def test_a_backup_goes_into_an_empty_log_only(duolog: Duolog, url: str, other: str, tmp_path: Path) -> None:
    fill(url)
    fill(other)
    before = log_of(other)
    duolog("export", url, str(tmp_path / "backup.ndjson"))
    ended = duolog("import", str(tmp_path / "backup.ndjson"), other)
    assert ended.code == 2
    assert "another log has events" in ended.stderr
    assert log_of(other) == before
    assert duolog("import", str(tmp_path / "backup.ndjson"), url).code == 2


def test_history_of_another_system_is_completed(duolog: Duolog, url: str, history: Path) -> None:
    """What it does not have is given in the order of the lines; what it has is kept."""
    event_id = str(uuid7())
    write(
        history,
        placed(1),
        "",
        placed(2, recorded_at="2020-02-03T04:05:06.789+01:00", tags=["b:2", "a:1"], schema_version=3),
        placed(1, event_id=event_id, recorded_at=77, metadata={"actor": "ada"}, tenant="acme"),
        '{"stream": "order-1", "type": "order.shipped", "data": {"x":  1.50 }}',
    )
    ended = duolog("import", str(history), url)
    assert ended.code == 0, ended.stderr
    assert "imported 4 events" in ended.stdout
    first, second, third, fourth = log_of(url)
    assert [event.position for event in (first, second, third, fourth)] == [1, 2, 3, 4]
    assert [event.version for event in (first, second, third, fourth)] == [1, 1, 1, 2]
    assert (second.recorded_at, second.tags, second.schema_version) == (1_580_699_106_789_000, ("a:1", "b:2"), 3)
    assert (str(third.event_id), third.recorded_at, third.tenant) == (event_id, 77, "acme")
    assert third.metadata == b'{"actor": "ada"}'
    assert fourth.data == b'{"x":  1.50 }'
    assert first.recorded_at > 1_700_000_000_000_000


def test_much_history_keeps_its_order_and_versions(duolog: Duolog, any_other: str, history: Path) -> None:
    write(history, *(placed(number % 7, data={"n": number}) for number in range(9_001)))
    assert "9,001 events" in duolog("import", str(history), any_other).stdout
    events = log_of(any_other)
    assert [json.loads(event.data)["n"] for event in events] == list(range(9_001))
    assert [event.version for event in events if event.stream == "order-3"] == list(range(1, 1_287))


REFUSED = {
    "no object": "[1]",
    "no JSON": "{nothing",
    "cut off": '{"stream": "order-1", "type": "order.placed", "da',
    "no UTF-8": '{"stream": "order-1", "type": "order.placed", "data": {"a": "\udcff"}}',
    "no stream": json.dumps({"type": "order.placed", "data": {}}),
    "no data": json.dumps({"stream": "order-1", "type": "order.placed"}),
    "an unknown member": json.dumps(placed(datum=1)),
    "a stream without a category": json.dumps(placed(stream="orders")),
    "a type that is no name": json.dumps(placed(type="os:system")),
    "a payload that is no object": json.dumps(placed(data=[1])),
    "a NUL": json.dumps(placed(data={"a": "\x00"})),
    "a lone surrogate": '{"stream": "order-1", "type": "order.placed", "data": {"a": "\\ud800"}}',
    "a number out of range": '{"stream": "order-1", "type": "order.placed", "data": {"a": 1e999}}',
    "too deep": '{"stream":"order-1","type":"order.placed","data":{"a":' + "[" * 70 + "]" * 70 + "}}",
    "too large": json.dumps(placed(data={"a": "x" * 1_100_000})),
    "a tag without a name": json.dumps(placed(tags=["red"])),
    "metadata of another form": json.dumps(placed(metadata={"actor": 7})),
    "a time without a zone": json.dumps(placed(recorded_at="2020-02-03T04:05:06")),
    "a schema version of 0": json.dumps(placed(schema_version=0)),
    "a position": json.dumps(placed(position=1)),
    "a version": json.dumps(placed(version=1)),
}


@pytest.mark.parametrize("line", REFUSED.values(), ids=REFUSED.keys())
def test_a_line_that_breaks_a_rule_is_named_and_nothing_is_kept(
    duolog: Duolog, url: str, history: Path, line: str
) -> None:
    write(history, *(placed(number) for number in range(2_001)), line, placed(3))
    ended = duolog("import", str(history), url)
    assert ended.code == 2
    assert "line 2002: " in ended.stderr, ended.stderr
    assert log_of(url) == []
    write(history, placed(1))
    assert duolog("import", str(history), url).code == 0


@pytest.mark.parametrize("distance", [1, 3_000])
def test_an_event_id_that_stands_twice_is_named(duolog: Duolog, any_other: str, history: Path, distance: int) -> None:
    event_id = str(uuid7())
    lines = [placed(number) for number in range(distance + 1)]
    lines[0]["event_id"] = lines[-1]["event_id"] = event_id
    write(history, *lines)
    ended = duolog("import", str(history), any_other)
    assert ended.code == 2
    assert f"line {distance + 1}: its event_id stands on a line before" in ended.stderr


def test_a_backup_with_a_wrong_place_is_refused(duolog: Duolog, url: str, other: str, tmp_path: Path) -> None:
    """Not only the hash protects it: a backup that somebody has made up must be a log too."""
    fill(url)
    file = tmp_path / "backup.ndjson"
    duolog("export", url, str(file))
    header, first, second, *_ = map(json.loads, file.read_text(encoding="utf-8").splitlines())
    for wrong in ({"position": 1}, {"version": 7}, {"partition": 999}, {"recorded_at": "2020-02-03T04:05:06Z"}):
        write(file, header, first, {**second, **wrong}, {"events": 2, "sha256": ""})
        ended = duolog("import", str(file), other)
        assert "line 3: " in ended.stderr, (wrong, ended.stderr)


def test_an_import_that_was_killed_begins_anew(duolog: Duolog, any_other: str, history: Path) -> None:
    """What it left is closed, and dropped by the next import."""

    async def begin(database: Database) -> None:
        identity = await database.transfer.identity()
        await database.transfer.begin(identity, "import of history.ndjson")
        partition = partition_of("", "order-9")
        event = RecordedEvent(1, "", "order-9", 1, uuid7(), "order.placed", 1, (), partition, b"{}", b"{}", 1)
        await database.transfer.receive([event])

    with_database(any_other, begin)
    assert duolog("streams", "show", "order-9", any_other).code == 0  # reading is possible
    assert "fault" in duolog("doctor", any_other).stdout
    write(history, placed(1))
    assert duolog("import", str(history), any_other).code == 0
    assert [event.stream for event in log_of(any_other)] == ["order-1"]
    assert duolog("doctor", any_other).code == 0


def test_a_promotion_on_its_way_in_is_not_dropped(duolog: Duolog, url: str, other: str, history: Path) -> None:
    async def begin(database: Database) -> None:
        await database.transfer.begin(await database.transfer.identity(), other)

    with_database(url, begin)
    write(history, placed(1))
    ended = duolog("import", str(history), url)
    assert ended.code == 2
    assert log_is_untouched(duolog, url)


def log_is_untouched(duolog: Duolog, url: str) -> bool:
    return "on its way in" in duolog("migrate", url).stderr
