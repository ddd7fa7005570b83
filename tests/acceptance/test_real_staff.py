"""The staff of a municipality's real log as users, who come, change and go as they do there."""

import csv
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

import pytest

from duolog import Actor, Application, Metadata
from duolog.admin.projection_audit import audit_projection
from duolog.testing.applications import TEST_SECRET
from tests.acceptance.test_real_log import LOG, MISSING
from users.application.commands.create_user import CreateUserCommand
from users.application.commands.delete_user import DeleteUserCommand
from users.application.commands.update_user import UpdateUserCommand
from users.application.dto.role_statistics import RoleStatisticsDTO
from users.application.queries.count_users import CountUsersQuery
from users.application.queries.list_users import ListUsersQuery
from users.domain.user import UserId
from users.infrastructure.composition import make_application
from users.infrastructure.providers import WriteModel
from users.infrastructure.schema import migrate

pytestmark = [pytest.mark.timeout(180), pytest.mark.xdist_group("acceptance")]

ADMIN: Final = Metadata(actor=Actor("admin-of-tests", frozenset({"admin"})))
TRIAL: Final = "test"  # an account that is no person's


@dataclass(frozen=True)
class Sighting:
    """Somebody does something in a case.

    Attributes:
        people: the one who does it, and the one who answers for the case if there is one.
        responsible: the one who answers for it; empty for nobody.
        month: in which month, like ``2011-10``.
    """

    people: Sequence[str]
    responsible: str
    month: str


def sightings(log: Path) -> Iterator[Sighting]:
    """Read the file in the order of time; names differ by more than their case."""
    with log.open(encoding="utf-8", newline="") as file:
        rows = sorted(csv.DictReader(file), key=lambda row: datetime.fromisoformat(row["time:timestamp"]))
    for row in rows:
        who, responsible = row["org:resource"].lower(), row["case:responsible"].lower()
        yield Sighting([name for name in (who, responsible) if name], responsible, row["time:timestamp"][:7])


def people_of(log: Path) -> dict[str, tuple[str, bool]]:
    """Compute role and activity of everybody from the whole file at once: what the staff becomes step by step."""
    seen = list(sightings(log))
    recent = {name for each in seen if each.month == seen[-1].month for name in each.people}
    leading = {each.responsible for each in seen}
    return {
        name: ("admin" if name.startswith("admin") else "moderator" if name in leading else "user", name in recent)
        for each in seen
        for name in each.people
        if name != TRIAL
    }


class Staff:
    """Sends a command whenever somebody is seen for the first time, or becomes something else.

    Args:
        app: the users application, running.
    """

    def __init__(self, app: Application) -> None:
        self._app = app
        self._users: dict[str, UserId] = {}
        self._roles: dict[str, str] = {}

    async def live_through(self, log: Path) -> None:
        """Whoever is seen comes, rises with a case of their own, rests if absent last month; trial accounts go."""
        seen = list(sightings(log))
        for each in seen:
            for name in each.people:
                await self._greet(name)
            if self._roles.get(each.responsible) == "user":
                self._roles[each.responsible] = "moderator"
                rise = UpdateUserCommand(self._users[each.responsible], role="moderator")
                await self._app.execute(rise, metadata=ADMIN)
        recent = {name for each in seen if each.month == seen[-1].month for name in each.people}
        for name in self._users.keys() - recent:
            await self._app.execute(UpdateUserCommand(self._users[name], is_active=False), metadata=ADMIN)
        await self._app.execute(DeleteUserCommand(self._users[TRIAL]), metadata=ADMIN)

    async def _greet(self, name: str) -> None:
        if name not in self._users:
            role = self._roles[name] = "admin" if name.startswith("admin") else "user"
            command = CreateUserCommand(f"{name}@example.org", f"password of {name}", role)
            self._users[name] = await self._app.execute(command, metadata=ADMIN)


@pytest.mark.parametrize("write_model", list(WriteModel), ids=lambda model: model.value)
@pytest.mark.parametrize("database", ["sqlite", "postgres"])
async def test_the_staff_of_the_real_log_is_listed_and_counted_as_the_file_has_it(
    database: str, write_model: WriteModel, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    """Both divided views agree with the file, and have processed what the log has."""
    if not LOG.is_file():
        pytest.skip(MISSING)
    sqlite = f"sqlite:///{tmp_path / 'staff.db'}"
    url = sqlite if database == "sqlite" else str(request.getfixturevalue("fresh_postgres_url"))
    if write_model is WriteModel.TABLES:
        migrate(url)
    async with make_application(url, write_model=write_model, secret=TEST_SECRET) as app:
        await Staff(app).live_through(LOG)
        await app.caught_up()
        users = await app.query(ListUsersQuery(limit=200), metadata=ADMIN)
        counts = await app.query(CountUsersQuery(), metadata=ADMIN)
        audits = [await audit_projection(app.database, each, app.codec) for each in app.projections]
    people = people_of(LOG)
    assert {user.email: (user.role, user.is_active) for user in users.items} == {
        f"{name}@example.org": person for name, person in people.items()
    }
    expected = Counter(people.values())
    assert counts == [
        RoleStatisticsDTO(role, active=expected[role, True], inactive=expected[role, False])
        for role in ("user", "moderator", "admin")
    ]
    assert [len(each) for each in audits] == [4, 4]
    assert [share.differences for each in audits for share in each] == [[]] * 8
