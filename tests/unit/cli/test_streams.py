import json

import pytest

from duolog.database.port import Database
from tests.unit.cli.conftest import Duolog, new_event, with_database


@pytest.fixture
def filled(url: str) -> str:
    async def fill(database: Database) -> None:
        await database.store.append("user-1", [new_event("user.created", b'{"email":"ada\\u001b[31m@x"}')])
        await database.store.append("user-2", [new_event("user.created")])
        await database.store.append("user-1", [new_event("user.renamed", b'{"name":"Ada"}')])
        await database.store.append("user-1", [new_event("user.deleted")], tenant="acme")

    with_database(url, fill)
    return url


def test_a_stream_is_shown_version_by_version_with_data_and_metadata(duolog: Duolog, filled: str) -> None:
    ended = duolog("streams", "show", "user-1", filled)
    assert (ended.code, ended.stderr) == (0, "")
    heads = [line.split() for line in ended.lines if line.startswith("@")]
    assert [(head[0], head[2], head[-1]) for head in heads] == [
        ("@1", "user.created", "1"),
        ("@2", "user.renamed", "3"),
    ]
    assert '    data      {"name":"Ada"}' in ended.lines
    assert '    metadata  {"actor":"ada"}' in ended.lines


def test_json_has_one_event_a_line(duolog: Duolog, filled: str) -> None:
    ended = duolog("streams", "show", "user-1", filled, "--json", "--limit", "1")
    (event,) = (json.loads(line) for line in ended.lines)
    assert (event["stream"], event["version"], event["metadata"]) == ("user-1", 1, {"actor": "ada"})


def test_a_tenants_stream_is_its_own(duolog: Duolog, filled: str) -> None:
    ended = duolog("streams", "show", "user-1", filled, "--tenant", "acme", "--json")
    assert [json.loads(line)["type"] for line in ended.lines] == ["user.deleted"]


def test_a_stream_that_is_not_there_is_an_error(duolog: Duolog, filled: str) -> None:
    ended = duolog("streams", "show", "user-9", filled)
    assert (ended.code, ended.stdout) == (2, "")
    assert "there is no stream 'user-9'" in ended.stderr
