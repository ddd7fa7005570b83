"""`duolog doctor` on inline views, which nobody advances: whoever appends writes them, or fails."""

import asyncio
import json
from pathlib import Path

import pytest

from duolog.database.port import Database
from duolog.ids import uuid7
from tests.unit.cli.conftest import Duolog, Target, new_event, with_database
from tests.unit.projections.badges import GiveBadge, badges


@pytest.fixture
def target(tmp_path: Path, url: str, monkeypatch: pytest.MonkeyPatch) -> Target:
    """Write a module with an application that has an inline projection, each time another one."""
    monkeypatch.syspath_prepend(str(tmp_path))

    def write() -> str:
        name = f"target_{uuid7().hex}"
        code = f"from tests.unit.projections.badges import badges\napp = badges({url!r})\n"
        (tmp_path / f"{name}.py").write_text(code)
        return f"{name}:app"

    return write


@pytest.fixture
def given(url: str) -> str:
    async def give() -> None:
        async with badges(url) as app:
            await app.execute(GiveBadge("1", "Ada"))

    asyncio.run(give())
    return url


def about(duolog: Duolog, *arguments: str) -> list[dict[str, str]]:
    found = map(json.loads, duolog("doctor", *arguments, "--json", "--patience", "0.05").lines)
    return [each for each in found if each["subject"] == "projection badge_holders"]


def test_a_view_that_was_never_built_is_to_be_built(duolog: Duolog, url: str, target: Target) -> None:
    """Where the log has its events the application does not start: `duolog run` would be no advice."""

    async def append(database: Database) -> None:
        await database.store.append("badge-1", [new_event("inline.badge_given", b'{"badge_id":"1","holder":"Ada"}')])

    with_database(url, append)
    (found,) = about(duolog, target())
    assert found["level"] == "fault"
    assert "duolog projections build MODULE:ATTRIBUTE badge_holders" in found["advice"]
    assert duolog("projections", "build", target(), "badge_holders").code == 0
    (found,) = about(duolog, target())
    assert found["level"] == "well"


def test_a_view_without_its_table_is_to_be_built(duolog: Duolog, given: str, target: Target) -> None:
    """Its checkpoint says that it is built; no command that raises its events succeeds."""
    with_database(given, lambda database: database.forget_view("nothing", tables=["badge_holders"]))
    for argument in (given, target()):
        (found,) = about(duolog, argument)
        assert (found["level"], "badge_holders is missing" in found["found"]) == ("fault", True)
        assert "duolog projections build" in found["advice"]
    assert duolog("projections", "build", target(), "badge_holders").code == 0
    (found,) = about(duolog, target())
    assert found["level"] == "well"
