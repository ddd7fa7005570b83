"""Compares what the log, the view and the write model of a stopped demo say about its users."""

import sqlite3
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import unquote, urlsplit
from uuid import UUID

from users.domain.events import (
    UserActivated,
    UserDeactivated,
    UserDeleted,
    UserEmailChanged,
    UserRegistered,
    UserRoleChanged,
)
from users.infrastructure.providers import WriteModel
from users.presentation.data_directory import DemoSettings


@dataclass(frozen=True)
class Row:
    """A user, as each of the three has to know it."""

    email: str
    role: str
    is_active: bool
    version: int


async def users_of_log(settings: DemoSettings) -> dict[str, Row]:
    """Fold the log into the users that there must be; every stream's versions are 1, 2, 3, ..."""
    users: dict[str, Row] = {}
    versions: dict[str, int] = {}
    app = settings.make_application()
    await app.start(projections=False)
    try:
        position = 0
        while True:
            page = await app.database.store.read_all(after=position, limit=1_000)
            for recorded in page.events:
                assert recorded.version == versions.get(recorded.stream, 0) + 1
                versions[recorded.stream] = recorded.version
                for happened in app.codec.decode_all(recorded):
                    _apply(users, happened, recorded.version)
            if page.through == position:
                return users
            position = page.through
    finally:
        await app.close()


def _apply(users: dict[str, Row], happened: object, version: int) -> None:
    match happened:
        case UserRegistered(user_id=user_id):
            users[str(user_id)] = Row(happened.email, happened.role, is_active=True, version=version)
        case UserEmailChanged(user_id=user_id):
            users[str(user_id)] = replace(users[str(user_id)], email=happened.email, version=version)
        case UserRoleChanged(user_id=user_id):
            users[str(user_id)] = replace(users[str(user_id)], role=happened.role, version=version)
        case UserActivated(user_id=user_id):
            users[str(user_id)] = replace(users[str(user_id)], is_active=True, version=version)
        case UserDeactivated(user_id=user_id):
            users[str(user_id)] = replace(users[str(user_id)], is_active=False, version=version)
        case UserDeleted(user_id=user_id):
            del users[str(user_id)]
        case _:
            message = f"an event that nobody expects: {happened!r}"
            raise AssertionError(message)


def users_of_tables(settings: DemoSettings) -> list[dict[str, Row]]:
    """Return the users of each table that has them: the view, and the write model's own where it has one."""
    tables = ["users_view", *(["users"] if settings.write_model is WriteModel.TABLES else [])]
    file = Path(unquote(urlsplit(settings.database_url).path.removeprefix("/")))
    with closing(sqlite3.connect(f"{file.as_uri()}?mode=ro", uri=True)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        return [
            {
                str(UUID(user_id)): Row(email, role, bool(is_active), version)
                for user_id, email, role, is_active, version in connection.execute(
                    f"SELECT id, email, role, is_active, version FROM {table}"  # noqa: S608 - two names from above
                )
            }
            for table in tables
        ]
