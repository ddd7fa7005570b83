import json
from pathlib import Path
from typing import Any

import pytest

from duolog.cli.event_line import event_line
from duolog.database.port import Database
from duolog.ids import uuid7
from duolog.messages.envelope import RecordedEvent
from tests.unit.cli.conftest import Duolog, new_event, with_database


@pytest.fixture
def log(url: str) -> str:
    async def fill(database: Database) -> None:
        store = database.store
        await store.append("user-1", [new_event("user.created", b'{"email":"a@example.com"}', "email:a")])
        await store.append("user-2", [new_event("user.created", b'{"email":"b@example.com"}', "email:b", "team:x")])
        await store.append("order-1", [new_event("order.placed", b'{"total":1.0}', "team:x")])
        await store.append("user-1", [new_event("user.renamed"), new_event("user.deleted")])
        await store.append("user-1", [new_event("user.created")], tenant="acme")

    with_database(url, fill)
    return url


def shown(duolog: Duolog, *arguments: str) -> list[dict[str, Any]]:
    ended = duolog("events", "--json", *arguments)
    assert (ended.code, ended.stderr) == (0, "")
    return [json.loads(line) for line in ended.lines]


def test_every_event_is_a_line_oldest_first(duolog: Duolog, log: str) -> None:
    ended = duolog("events", log)
    assert ended.code == 0
    words = [line.split() for line in ended.lines]
    assert [(each[2], each[3]) for each in words] == [
        ("user-1@1", "user.created"),
        ("user-2@1", "user.created"),
        ("order-1@1", "order.placed"),
        ("user-1@2", "user.renamed"),
        ("user-1@3", "user.deleted"),
        ("acme/user-1@1", "user.created"),
    ]
    positions = [int(each[0]) for each in words]
    assert positions == sorted(set(positions))
    assert words[0][4] == '{"email":"a@example.com"}'


def test_json_has_the_stable_members_and_the_data_as_json(duolog: Duolog, log: str) -> None:
    event = shown(duolog, log)[1]
    assert list(event) == [
        "position",
        "recorded_at",
        "tenant",
        "stream",
        "version",
        "event_id",
        "type",
        "schema_version",
        "tags",
        "data",
        "metadata",
    ]
    assert event["data"] == {"email": "b@example.com"}
    assert event["metadata"] == {"actor": "ada"}
    assert event["tags"] == ["email:b", "team:x"]
    assert (event["stream"], event["version"], event["tenant"]) == ("user-2", 1, "")
    assert event["recorded_at"].endswith("Z")


def test_json_keeps_numbers_as_they_are_stored(duolog: Duolog, url: str) -> None:
    stored = b'{"price":1.0,"id":123456789012345678901234567890,"tiny":1e-400}'

    async def fill(database: Database) -> None:
        await database.store.append("order-1", [new_event("order.placed", stored)])

    with_database(url, fill)
    assert f'"data":{stored.decode()}' in duolog("events", url, "--json").stdout


@pytest.mark.parametrize(
    ("arguments", "streams"),
    [
        (["--type", "order.placed"], ["order-1"]),
        (["--type", "order.placed", "--type", "user.deleted"], ["order-1", "user-1"]),
        (["--category", "order"], ["order-1"]),
        (["--tag", "team:x"], ["user-2", "order-1"]),
        (["--tag", "team:x", "--tag", "email:b"], ["user-2"]),
        (["--tenant", "acme"], ["user-1"]),
        (["--stream", "user-1"], ["user-1", "user-1", "user-1"]),
        (["--stream", "user-1", "--tenant", "acme"], ["user-1"]),
        (["--stream", "user-1", "--type", "user.renamed"], ["user-1"]),
        (["--stream", "user-1", "--limit", "2"], ["user-1", "user-1"]),
        (["--stream", "nobody-1"], []),
        (["--limit", "2"], ["user-1", "user-2"]),
        (["--after", "end"], []),
    ],
)
def test_options_choose_events(duolog: Duolog, log: str, arguments: list[str], streams: list[str]) -> None:
    assert [event["stream"] for event in shown(duolog, log, *arguments)] == streams


def test_after_starts_above_a_position(duolog: Duolog, log: str) -> None:
    positions = [event["position"] for event in shown(duolog, log)]
    assert [event["position"] for event in shown(duolog, log, "--after", str(positions[2]))] == positions[3:]
    later = shown(duolog, log, "--stream", "user-1", "--after", str(positions[0]))
    assert [event["version"] for event in later] == [2, 3]


def test_following_ends_with_the_limit(duolog: Duolog, log: str) -> None:
    assert len(shown(duolog, log, "--follow", "--limit", "4")) == 4
    assert [event["version"] for event in shown(duolog, log, "-f", "--stream", "user-1", "--limit", "3")] == [1, 2, 3]


def test_a_long_log_is_shown_whole(duolog: Duolog, url: str) -> None:
    async def fill(database: Database) -> None:
        await database.store.append("user-1", [new_event("user.seen") for _ in range(1_201)])

    with_database(url, fill)
    assert len(shown(duolog, url)) == 1_201
    assert len(shown(duolog, url, "--stream", "user-1")) == 1_201


SECRETS = (
    b'{"email":"a@x","password_hash":"argon2-1","password_changed_at":"today","price":1.0,'
    b'"accounts":[{"apiKey":{"text":"k1"},"pin":1234,"token":null}]}'
)
HIDDEN = b'{"email":"a@x","password_hash":"***","password_changed_at":"today","price":1.0,'
HIDDEN += b'"accounts":[{"apiKey":"***","pin":1234,"token":null}]}'


@pytest.mark.parametrize("command", [["events"], ["streams", "show", "user-1"]])
@pytest.mark.parametrize("arguments", [[], ["--json"]])
def test_secrets_are_masked_unless_they_are_asked_for(
    duolog: Duolog, url: str, command: list[str], arguments: list[str]
) -> None:
    """Members that are named like a secret are masked at any depth, and nothing else of the payload changes."""

    async def fill(database: Database) -> None:
        await database.store.append("user-1", [new_event("user.created", SECRETS)])

    with_database(url, fill)
    assert HIDDEN.decode() in duolog(*command, url, *arguments).stdout
    assert SECRETS.decode() in duolog(*command, url, *arguments, "--secrets").stdout


VERIFIED = """
from dataclasses import dataclass, field

from duolog import Application, event


@dataclass(frozen=True, slots=True)
class Paper:
    number: str = field(repr=False)


@event("user.verified")
@dataclass(frozen=True, slots=True)
class UserVerified:
    email: str
    born: int = field(repr=False)
    papers: list[Paper]


app = Application("users", database="memory://", handlers=[], events=[UserVerified])
"""


def test_what_an_event_class_keeps_out_of_its_repr_is_masked_with_the_application(
    duolog: Duolog, url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Fields with ``repr=False`` are masked, those of classes in it as well; in events of other types nothing is."""
    monkeypatch.syspath_prepend(str(tmp_path))
    (tmp_path / "verified_users.py").write_text(VERIFIED)
    stored = b'{"email":"a","born":1990,"papers":[{"number":"P1"}]}'

    async def fill(database: Database) -> None:
        await database.store.append("user-1", [new_event("user.verified", stored), new_event("other.done", stored)])

    with_database(url, fill)
    verified, other = (each["data"] for each in shown(duolog, url, "--app", "verified_users:app"))
    assert verified == {"email": "a", "born": "***", "papers": [{"number": "***"}]}
    assert other == json.loads(stored)
    assert shown(duolog, url)[0]["data"] == json.loads(stored)


def test_what_a_terminal_would_obey_is_escaped(duolog: Duolog, url: str) -> None:
    async def fill(database: Database) -> None:
        name = '{"name":"\u009b31m\u202eevil\x7f"}'.encode()
        await database.store.append("user-1\u200b", [new_event("user.created", name)])

    with_database(url, fill)
    for arguments in ((), ("--json",)):
        ended = duolog("events", url, *arguments)
        assert not set(ended.stdout) & set("\u009b\u202e\x7f\u200b")
    assert json.loads(ended.stdout)["data"] == {"name": "\u009b31m\u202eevil\x7f"}


def test_data_are_cut_to_the_terminal() -> None:
    event = RecordedEvent(
        7, "", "user-1", 1, uuid7(), "user.created", 1, (), 0, ('{"name":"' + "語" * 100 + '"}').encode(), b"{}", 0
    )
    line = event_line(event, 100)
    assert line.startswith("       7  1970-01-01T00:00:00.000Z  user-1@1  user.created  ")
    assert line.endswith("…")
    assert 97 <= len(line) + line.count("語") <= 100
    assert event_line(event, None).endswith('"}')


def test_the_environment_names_the_database(duolog: Duolog, log: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DUOLOG_DATABASE", log)
    assert len(duolog("events").lines) == 6
    monkeypatch.setenv("DUOLOG_DATABASE", "sqlite:///elsewhere.db")
    assert len(duolog("events", "--database", log).lines) == 6


def test_a_missing_file_is_an_error_and_is_not_created(duolog: Duolog, url: str, tmp_path: Path) -> None:
    ended = duolog("events", url)
    assert ended.code == 2
    assert ended.stdout == ""
    assert ended.stderr.startswith("error: ")
    assert "shop.db" in ended.stderr
    assert not list(tmp_path.iterdir())


def test_a_database_without_schema_is_left_as_it_is(duolog: Duolog, url: str, tmp_path: Path) -> None:
    file = tmp_path / "shop.db"
    file.touch()
    ended = duolog("events", url)
    assert ended.code == 2
    assert ended.stderr.startswith("error: ")
    assert file.read_bytes() == b""


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--after", "-1"], "'-1' is not a position"),
        (["--after", "soon"], "'soon' is not a position"),
        (["--category", "Bad Name"], "'Bad Name' is not a category"),
        (["--stream", "user"], "'user' is not a stream name"),
    ],
)
def test_a_choice_that_cannot_be_is_refused(duolog: Duolog, log: str, arguments: list[str], said: str) -> None:
    ended = duolog("events", log, *arguments)
    assert (ended.code, ended.stdout) == (2, "")
    assert said in ended.stderr
    assert "Traceback" not in ended.stderr


def test_no_database_is_an_error_that_names_the_variable(duolog: Duolog) -> None:
    ended = duolog("events")
    assert ended.code == 2
    assert "DUOLOG_DATABASE" in ended.stderr
