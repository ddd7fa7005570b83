"""The read model of users."""

from datetime import UTC, datetime, timedelta
from typing import ClassVar, Final

from duolog import Projection, RecordedEvent, ViewDatabase
from users.domain.events import (
    UserActivated,
    UserDeactivated,
    UserDeleted,
    UserEmailChanged,
    UserRegistered,
    UserRoleChanged,
)

# The address is not unique here: that was decided when the event was recorded, and a view must take what is recorded.
_USERS_VIEW: Final = """
CREATE TABLE users_view (
    id         UUID        NOT NULL PRIMARY KEY,
    email      TEXT        NOT NULL,
    role       TEXT        NOT NULL,
    is_active  BOOLEAN     NOT NULL,
    created_at TIMESTAMPTZ NOT NULL,
    version    BIGINT      NOT NULL
);
CREATE INDEX users_view_by_created_at ON users_view (created_at, id);
CREATE INDEX users_view_by_email ON users_view (email, id);
CREATE INDEX users_view_by_role ON users_view (role, id);
"""

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


class UserProjection(Projection):
    """One row for each user that was not deleted. Passwords' hashes stay in the write model."""

    name, version = "users_view", 1
    partitions = 4  # any number of processes share them; a user's events stay in order
    tables: ClassVar = {"users_view": _USERS_VIEW}

    def __init__(self, db: ViewDatabase) -> None:
        self._db = db

    async def on_registered(self, event: UserRegistered, recorded: RecordedEvent) -> None:
        await self._db.execute(
            """
            INSERT INTO users_view (id, email, role, is_active, created_at, version)
            VALUES (:id, :email, :role, TRUE, :created_at, :version)
            """,
            {
                "id": event.user_id,
                "email": event.email,
                "role": event.role,
                # The database's clock wrote it with the event: exact, the same in every rebuild, no process's guess.
                "created_at": _EPOCH + timedelta(microseconds=recorded.recorded_at),
                "version": recorded.version,
            },
        )

    async def on_email_changed(self, event: UserEmailChanged, recorded: RecordedEvent) -> None:
        await self._db.execute(
            "UPDATE users_view SET email = :email, version = :version WHERE id = :id",
            {"id": event.user_id, "email": event.email, "version": recorded.version},
        )

    async def on_role_changed(self, event: UserRoleChanged, recorded: RecordedEvent) -> None:
        await self._db.execute(
            "UPDATE users_view SET role = :role, version = :version WHERE id = :id",
            {"id": event.user_id, "role": event.role, "version": recorded.version},
        )

    async def on_activated(self, event: UserActivated, recorded: RecordedEvent) -> None:
        await self._db.execute(
            "UPDATE users_view SET is_active = TRUE, version = :version WHERE id = :id",
            {"id": event.user_id, "version": recorded.version},
        )

    async def on_deactivated(self, event: UserDeactivated, recorded: RecordedEvent) -> None:
        await self._db.execute(
            "UPDATE users_view SET is_active = FALSE, version = :version WHERE id = :id",
            {"id": event.user_id, "version": recorded.version},
        )

    async def on_deleted(self, event: UserDeleted) -> None:
        await self._db.execute("DELETE FROM users_view WHERE id = :id", {"id": event.user_id})
