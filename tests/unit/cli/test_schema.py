import asyncio
import json
from pathlib import Path

import pytest

from duolog.database.port import Database
from tests.unit.cli import shop
from tests.unit.cli.conftest import Duolog, Ended, Target, new_event, with_database


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "duolog.lock.json"


@pytest.fixture
def locked(duolog: Duolog, target: Target, file: Path) -> str:
    """An application whose schemas are locked."""
    module = target()
    assert duolog("schema", "lock", module, "--file", str(file)).stdout == f"{file} is written\n"
    return module


def check(duolog: Duolog, module: str, file: Path, *arguments: str) -> Ended:
    return duolog("schema", "check", module, "--file", str(file), "--json", *arguments)


def edit(file: Path, section: str, name: str, value: object) -> None:
    lock = json.loads(file.read_text())
    if value is None:
        del lock[section][name]
    else:
        lock[section][name] = value
    file.write_text(json.dumps(lock))


@pytest.mark.usefixtures("locked")
def test_the_lock_is_sorted_and_read_line_by_line(file: Path) -> None:
    text = file.read_text()
    assert json.loads(text)["events"]["order.placed"] == {
        "1": {"order_id": "str", "amount": "int", "note?": ["str", "none"]}
    }
    assert json.loads(text)["commands"]["order.ship"] == {"1": {"order_id": "str"}}
    assert json.loads(text)["queries"]["ListOrdersQuery"] == {
        "query": {"limit?": "int"},
        "result": {"[]": {"id": "str", "amount": "int"}},
    }
    assert text == json.dumps(json.loads(text), indent=2, sort_keys=True) + "\n"


def test_locking_again_changes_nothing(duolog: Duolog, locked: str, file: Path) -> None:
    before = file.stat().st_mtime_ns
    assert duolog("schema", "lock", locked, "--file", str(file)).stdout == f"{file} is unchanged\n"
    assert file.stat().st_mtime_ns == before


def test_code_that_keeps_the_lock_passes(duolog: Duolog, locked: str, file: Path) -> None:
    ended = duolog("schema", "check", locked, "--file", str(file))
    assert (ended.code, ended.stdout) == (0, f"the code keeps {file}\n")
    told = {"file": str(file), "breaks": 0, "events": None, "undecodable": 0}
    assert json.loads(check(duolog, locked, file).stdout) == told


@pytest.mark.parametrize(
    ("section", "name", "value", "message"),
    [
        ("events", "order.placed", {"1": {"order_id": "str"}}, "version 1 changed: $.amount is new; $.note? is new"),
        ("events", "order.gone", {"1": {}}, "it is locked, but no class is registered for it"),
        ("events", "order.placed", {"2": {}}, "version 2 is locked, and the code has version 1"),
        ("commands", "order.ship", {"1": {"order_id": "int"}}, "version 1 changed: $.order_id was int and is str"),
        ("commands", "order.gone", {"1": {}}, "it is locked, but no class is registered for it"),
    ],
)
def test_a_stored_type_that_changed_is_found_and_not_locked_over(
    duolog: Duolog, locked: str, file: Path, *, section: str, name: str, value: object, message: str
) -> None:
    edit(file, section, name, value)
    ended = check(duolog, locked, file)
    found, summary = (json.loads(line) for line in ended.lines)
    assert summary == {"file": str(file), "breaks": 1, "events": None, "undecodable": 0}
    assert (ended.code, found["section"], found["name"], found["message"]) == (1, section, name, message)
    edited = file.read_text()
    assert duolog("schema", "lock", locked, "--file", str(file)).code == 1
    assert file.read_text() == edited
    assert duolog("schema", "lock", locked, "--file", str(file), "--force").code == 0


def test_a_new_field_with_a_default_is_locked_without_a_new_version(duolog: Duolog, locked: str, file: Path) -> None:
    """What is stored decodes without it; the lock has to know it, so that its next change is seen."""
    edit(file, "events", "order.placed", {"1": {"order_id": "str", "amount": "int"}})
    ended = check(duolog, locked, file)
    assert ended.code == 1
    assert json.loads(ended.lines[0])["message"] == "version 1 has new fields with defaults, not locked yet: $.note?"
    assert duolog("schema", "lock", locked, "--file", str(file)).code == 0
    assert check(duolog, locked, file).code == 0


def test_a_query_that_changed_is_found_and_may_be_accepted(duolog: Duolog, locked: str, file: Path) -> None:
    edit(file, "queries", "ListOrdersQuery", {"query": {}, "result": {"[]": {"id": "str"}}})
    ended = check(duolog, locked, file)
    assert ended.code == 1
    assert json.loads(ended.lines[0])["message"] == "it changed: $.query.limit? is new; $.result.[].amount is new"
    assert duolog("schema", "lock", locked, "--file", str(file)).code == 0
    assert check(duolog, locked, file).code == 0


def test_what_is_not_locked_yet_is_found(duolog: Duolog, locked: str, file: Path) -> None:
    edit(file, "events", "order.shipped", None)
    assert json.loads(check(duolog, locked, file).lines[0])["message"] == "it is not locked yet"


def test_every_stored_event_must_decode(duolog: Duolog, locked: str, file: Path, url: str) -> None:
    async def fill(database: Database) -> None:
        await database.store.append("order-1", [new_event("order.shipped", b'{"order_id":"1"}')])
        await database.store.append("order-1", [new_event("order.placed", b'{"order_id":"1"}')])
        await database.store.append("order-1", [new_event("order.lost", b"{}")])

    with_database(url, fill)
    ended = check(duolog, locked, file, url)
    assert ended.code == 1
    by_type = {each["type"]: each for each in map(json.loads, ended.lines[:-1])}
    assert json.loads(ended.lines[-1]) == {"file": str(file), "breaks": 0, "events": 3, "undecodable": 2}
    assert (by_type["order.shipped"]["undecodable"], by_type["order.shipped"]["events"]) == (0, 1)
    assert (by_type["order.placed"]["undecodable"], by_type["order.placed"]["position"]) == (1, 2)
    assert by_type["order.lost"]["error"] == "no class is registered for this type"


def test_a_database_that_decodes_is_proved(duolog: Duolog, locked: str, file: Path, url: str) -> None:
    async def fill() -> None:
        async with shop.make_application(url) as app:
            await app.execute(shop.PlaceOrderCommand("1", 5))

    asyncio.run(fill())
    ended = duolog("schema", "check", locked, url, "--file", str(file))
    assert (ended.code, ended.stdout) == (0, f"the code keeps {file}, and every stored event decodes (1)\n")


@pytest.mark.parametrize("text", ["{}", '{"name": "something else"}', '{"events": {}}'])
def test_a_file_that_is_no_lock_is_not_overwritten(duolog: Duolog, target: Target, file: Path, text: str) -> None:
    """A lock that lost its content would else be written anew, over all that the code broke."""
    file.write_text(text)
    for command in ("lock", "check"):
        ended = duolog("schema", command, target(), "--file", str(file))
        assert (ended.code, ended.stdout) == (2, "")
        assert "the schema lock" in ended.stderr
    assert file.read_text() == text


def test_a_lock_that_cannot_be_read_is_an_error(duolog: Duolog, locked: str, file: Path) -> None:
    file.write_text("<<<<<<< HEAD")
    assert check(duolog, locked, file).code == 2
    file.unlink()
    ended = check(duolog, locked, file)
    assert ended.code == 2
    assert "`duolog schema lock` writes it" in ended.stderr
