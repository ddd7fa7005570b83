"""What only projections that follow the log can have done to them is refused for everything else."""

import asyncio
import json

import pytest
from fastapi import FastAPI

from duolog.database.port import Database
from duolog.integrations.fastapi import attach
from tests.unit.cli import kinds
from tests.unit.cli.conftest import Duolog, Target, with_database
from tests.unit.integrations.things import client_of

NOT_DIVIDED = {
    "parcels_now": "an inline projection",
    "towns": "a materialized view",
    "noter": "a reactor or process manager",
    "trips": "a reactor or process manager",
}


async def send(url: str, parcel: str) -> None:
    async with kinds.make_application(url) as app:
        await app.execute(kinds.SendParcel(parcel, "Oslo"))
        await app.caught_up()


@pytest.fixture(params=["sqlite", "postgres"])
def filled(request: pytest.FixtureRequest, url: str) -> str:
    there = url if request.param == "sqlite" else str(request.getfixturevalue("empty_postgres_url"))
    asyncio.run(send(there, "1"))
    return there


@pytest.mark.parametrize(("name", "kind"), NOT_DIVIDED.items())
def test_only_projections_that_follow_the_log_are_split(duolog: Duolog, filled: str, name: str, kind: str) -> None:
    """Nothing is changed: what runs goes on."""
    ended = duolog("projections", "split", name, filled)
    assert (ended.code, f"'{name}' is {kind}, which has one share" in ended.stderr) == (2, True)
    assert duolog("projections", "split", "parcels", filled).code == 0
    asyncio.run(send(filled, "2"))


def test_what_was_divided_wrongly_is_made_whole(
    duolog: Duolog, filled: str, monkeypatch: pytest.MonkeyPatch, target: Target
) -> None:
    """A former release divided everything: until `merge` every command fails, or processes stand still."""
    with_database(filled, divide)
    for name in NOT_DIVIDED:
        if name == "towns":
            refused = duolog("projections", "refresh", made(target, filled, monkeypatch), name)
            assert (refused.code, "`duolog projections merge` makes it whole" in refused.stderr) == (2, True)
        ended = duolog("projections", "merge", made(target, filled, monkeypatch), name, "--json")
        assert json.loads(ended.stdout) == {"name": name, "shares": ["0..255"]}
        ended = duolog("projections", "merge", made(target, filled, monkeypatch), name)
        assert (ended.code, "has one share" in ended.stderr) == (2, True)
    asyncio.run(send(filled, "2"))
    assert duolog("projections", "refresh", made(target, filled, monkeypatch), "towns").code == 0


def test_an_inline_projection_is_not_paused(duolog: Duolog, filled: str) -> None:
    """Whoever appends writes it, so that it would go on."""
    ended = duolog("projections", "pause", "parcels_now", filled)
    assert (ended.code, "is an inline projection" in ended.stderr) == (2, True)
    status = [json.loads(line) for line in duolog("projections", "status", filled, "--json").lines]
    assert [each["paused_by"] for each in status] == [None] * len(status)


async def divide(database: Database) -> None:
    for name in NOT_DIVIDED:
        (checkpoint,) = await database.checkpoints.read(name)
        for part in (checkpoint.share, checkpoint.share.halves()[1]):
            lease = await database.leases.acquire(part, "somebody", seconds=30, take_over=True)
            assert lease is not None
            await database.shares.split(lease)
            await database.leases.release(lease)


def made(target: Target, url: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """Write a module with the application on a database, each time another one."""
    monkeypatch.setenv("KINDS_DATABASE", url)
    return target("__import__('tests.unit.cli.kinds', fromlist=['x']).made_of_environment()")


def test_an_inline_projection_that_a_process_writes_is_not_forgotten(duolog: Duolog, filled: str) -> None:
    """Nobody owns it, and without its checkpoint every command of that process would fail."""

    async def run() -> None:
        async with kinds.make_application(filled) as app:
            ended = await asyncio.to_thread(duolog, "projections", "forget", "parcels_now", filled, "--yes")
            assert (ended.code, "processes write the inline projection 'parcels_now'" in ended.stderr) == (2, True)
            await app.execute(kinds.SendParcel("2", "Oslo"))

    asyncio.run(run())
    assert duolog("projections", "forget", "parcels_now", filled, "--drop-table", "parcels_now", "--yes").code == 0


def test_a_materialized_view_whose_source_is_paused_waits_for_it(
    duolog: Duolog, filled: str, monkeypatch: pytest.MonkeyPatch, target: Target
) -> None:
    """It does not fail, and whoever owns it can do nothing."""

    async def run() -> list[dict[str, str]]:
        async with kinds.make_application(filled) as app:
            paused = await asyncio.to_thread(duolog, "projections", "pause", "parcels", filled)
            assert paused.code == 0
            await app.execute(kinds.SendParcel("2", "Oslo"))
            await asyncio.sleep(kinds.Towns.longest_lag())
            named = made(target, filled, monkeypatch)
            ended = await asyncio.to_thread(duolog, "doctor", named, "--json", "--patience", "0.05")
            without = await asyncio.to_thread(duolog, "doctor", filled, "--patience", "0.05")
            assert "it waits for what it reads, or its refresh fails" in without.stdout
            return [json.loads(line) for line in ended.lines]

    found = {each["subject"]: each for each in asyncio.run(run())}
    towns = found["projection towns"]
    assert (towns["level"], "it waits for what it reads, parcels (paused)" in towns["found"]) == ("risk", True)
    assert "duolog projections resume parcels" in towns["advice"]


async def test_health_says_of_an_inline_view_that_it_is_inline() -> None:
    """As `duolog projections status` does: no process works on it."""
    api = FastAPI()
    attach(api, kinds.make_application("memory://"))
    async with client_of(api) as client:
        report = (await client.get("/health")).json()
    assert {each["name"]: each["state"] for each in report["projections"]} == {
        "parcels": "running",
        "parcels_now": "inline",
        "towns": "running",
    }
