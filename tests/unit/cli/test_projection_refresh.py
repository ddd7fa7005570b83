"""`duolog projections refresh` reads the rows of a materialized view anew at once."""

import asyncio
import json

import pytest

from duolog import Application
from duolog.subscriptions.progress import Progress
from duolog.testing.applications import TEST_SECRET
from tests.unit.cli.conftest import Duolog, Target
from tests.unit.examples_users.service import ADMIN
from users.application.commands.create_user import CreateUserCommand
from users.application.dto.sign_ups import SignUpsDTO
from users.application.queries.count_sign_ups import CountSignUpsQuery
from users.infrastructure.composition import make_application

MAKE = f"""__import__("users.infrastructure.composition").infrastructure.composition.make_application(
    url, secret={TEST_SECRET!r}
)"""


@pytest.fixture
def stale(url: str) -> str:
    """A database on which a user was registered while nobody refreshed the view of sign-ups."""

    async def run() -> None:
        async with make_application(url, secret=TEST_SECRET) as app:
            await _register(app, "ada@example.org")
            await app.caught_up()
        app = make_application(url, secret=TEST_SECRET)
        await app.start(only=["users_view"])
        await _register(app, "bob@example.org")
        await Progress(app.database.checkpoints).reached("users_view", 2)  # all of its shares have stored that
        await app.close()

    async def _register(app: Application, email: str) -> None:
        await app.execute(CreateUserCommand(email, "correct horse"), metadata=ADMIN)

    asyncio.run(run())
    return url


def _lag(duolog: Duolog, url: str) -> int:
    statuses = [json.loads(line) for line in duolog("projections", "status", url, "--json").lines]
    return next(int(each["lag"]) for each in statuses if each["name"] == "sign_ups")


def test_a_view_that_lags_has_everything_when_it_is_refreshed(duolog: Duolog, stale: str, target: Target) -> None:
    """The status says so, and queries of another process see it."""
    assert _lag(duolog, stale) == 1
    ended = duolog("projections", "refresh", target(MAKE), "sign_ups")
    assert (ended.code, ended.stdout) == (0, "sign_ups is refreshed, and has everything up to 2\n")
    assert _lag(duolog, stale) == 0

    async def count() -> int:
        app = make_application(stale, secret=TEST_SECRET)
        await app.start(projections=False)
        try:
            counts: list[SignUpsDTO] = await app.query(CountSignUpsQuery(), metadata=ADMIN)
            return sum(each.users for each in counts)
        finally:
            await app.close()

    assert asyncio.run(count()) == 2


def test_what_is_no_materialized_view_is_an_error(duolog: Duolog, target: Target) -> None:
    """It names those that there are."""
    ended = duolog("projections", "refresh", target(MAKE), "users_view")
    assert ended.code == 2
    assert "has no materialized view 'users_view'" in ended.stderr
    assert "It has: sign_ups." in ended.stderr


@pytest.mark.usefixtures("stale")
def test_one_that_waits_for_its_interval_is_no_fault(duolog: Duolog, target: Target) -> None:
    """The doctor knows how long the code lets it lag."""
    found = [json.loads(line) for line in duolog("doctor", target(MAKE), "--patience", "0", "--json").lines]
    (view,) = [each for each in found if each["subject"] == "projection sign_ups"]
    assert (view["level"], view["found"]) == ("well", "version 1 at 1")
