import json

import pytest

from duolog.database.port import Database, View
from duolog.subscriptions.checkpoints import CheckpointMove
from duolog.subscriptions.parking import ParkedEvent, ParkReason
from duolog.subscriptions.share import Share
from tests.unit.cli.conftest import Duolog, new_event, with_database

USERS = View("users_view", 3, {"users_view": "CREATE TABLE users_view (id TEXT PRIMARY KEY)"})
ORDERS = View("orders_view", 1, {"orders_view": "CREATE TABLE orders_view (id TEXT PRIMARY KEY)"})


@pytest.fixture
def behind(url: str) -> str:
    """One projection two events behind, with one parked and an owner; one that never moved."""

    async def fill(database: Database) -> None:
        appended = await database.store.append("user-1", [new_event("user.created")])
        await database.store.append("user-1", [new_event("user.renamed"), new_event("user.deleted")])
        (checkpoint,) = await database.prepare_view(USERS)
        await database.prepare_view(ORDERS)
        lease = await database.leases.acquire(Share("users_view"), "worker-7", seconds=60)
        assert lease is not None
        view = database.open_view(USERS)
        move = CheckpointMove(Share("users_view"), 3, lease.token, checkpoint.position, appended.position)
        parked = ParkedEvent(
            "users_view", "", "user-1", appended.position, "user.created", ParkReason.HANDLER_RAISED, "ValueError: no"
        )
        await view.commit(move, [parked])
        await view.close()

    with_database(url, fill)
    return url


def test_json_says_where_each_projection_stands(duolog: Duolog, behind: str) -> None:
    ended = duolog("projections", "status", behind, "--json")
    assert (ended.code, ended.stderr) == (0, "")
    orders, users = (json.loads(line) for line in ended.lines)
    assert list(users) == [
        "name",
        "version",
        "position",
        "lag",
        "updated_at",
        "owner",
        "leased_until",
        "parked",
        "lag_seconds",
        "generation",
        "role",
        "shares",
        "inline",
        "paused_by",
        "paused_since",
        "rate",
    ]
    assert users["rate"] is None
    assert users["lag_seconds"] > 0
    assert (users["generation"], users["role"]) == (1, "live")
    (share,) = users["shares"]
    assert (share["buckets"], share["position"], share["lag"], share["owner"]) == ("0..255", 1, 2, "worker-7")
    assert (users["name"], users["version"], users["position"], users["lag"]) == ("users_view", 3, 1, 2)
    assert (users["owner"], users["parked"]) == ("worker-7", 1)
    assert users["updated_at"].endswith("Z")
    assert (orders["name"], orders["position"], orders["lag"]) == ("orders_view", 0, 3)
    assert (orders["owner"], orders["leased_until"], orders["parked"]) == (None, None, 0)


def test_people_get_a_table(duolog: Duolog, behind: str) -> None:
    ended = duolog("projections", "status", behind)
    assert ended.code == 0
    rows = {line.split()[0]: line.split() for line in ended.lines if line.split()}
    assert rows["users_view"][1:4] == ["3", "1", "2"]
    assert rows["users_view"][-2:] == ["worker-7", "1"]
    assert "nobody" in rows["orders_view"]


def test_a_view_that_is_divided_has_a_line_for_each_share(duolog: Duolog, behind: str) -> None:
    ended = duolog("projections", "split", "users_view", behind, "--json")
    assert json.loads(ended.stdout) == {"name": "users_view", "shares": ["0..127", "128..255"]}
    assert duolog("projections", "split", "orders_view", behind).stdout == (
        "orders_view has 2 shares: 0..127, 128..255\n"
    )
    ended = duolog("projections", "status", behind)
    assert [line.split()[0] for line in ended.lines if ".." in line] == ["0..127", "128..255"] * 2
    users = json.loads(duolog("projections", "status", behind, "--json").lines[1])
    assert [share["position"] for share in users["shares"]] == [1, 1]
    assert duolog("projections", "split", "no_view", behind).code == 2


def test_the_rate_is_looked_at_only_if_it_is_asked_for(duolog: Duolog, behind: str) -> None:
    ended = duolog("projections", "status", behind, "--rate", "0.1")
    assert ended.code == 0
    assert all("0/s" in line.split() for line in ended.lines if "_view" in line)
    assert [
        json.loads(line)["rate"] for line in duolog("projections", "status", behind, "--rate", "0.1", "--json").lines
    ] == [
        0,
        0,
    ]
    assert "/s" not in duolog("projections", "status", behind).stdout


def test_a_table_that_is_piped_is_neither_cut_nor_folded(
    duolog: Duolog, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    name = "a_projection_with_a_very_long_name_that_no_narrow_terminal_shows"

    async def fill(database: Database) -> None:
        await database.prepare_view(View(name, 1, {name: f"CREATE TABLE {name} (id TEXT PRIMARY KEY)"}))

    with_database(url, fill)
    assert name in duolog("projections", "status", url).stdout


def test_a_database_without_projections_says_so(duolog: Duolog, url: str) -> None:
    async def nothing(_database: Database) -> None: ...

    with_database(url, nothing)
    assert duolog("projections", "status", url).stdout == "no projection has run on this database yet\n"
    assert duolog("projections", "status", url, "--json").stdout == ""


def test_a_missing_database_is_an_error(duolog: Duolog, url: str) -> None:
    ended = duolog("projections", "status", url, "--json")
    assert (ended.code, ended.stdout) == (2, "")
    assert ended.stderr.startswith("error: ")


def test_two_databases_are_not_one(duolog: Duolog, behind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of two that are typed neither is left out in silence; one that is typed comes before the environment's."""
    other = "sqlite:///other.db"
    for command in (("projections", "status"), ("doctor",)):
        ended = duolog(*command, behind, "--database", other)
        assert (ended.code, "two databases are named" in ended.stderr) == (2, True)
    assert duolog("projections", "status", behind, "--database", behind).code == 0
    monkeypatch.setenv("DUOLOG_DATABASE", other)
    assert duolog("projections", "status", behind).code == 0
