"""The read model of how many users have each role."""

from typing import ClassVar, Final
from uuid import UUID

from duolog import Projection, RecordedEvent, ViewDatabase
from users.domain.events import UserActivated, UserDeactivated, UserDeleted, UserRegistered, UserRoleChanged

# All users count here. A row for each bucket of the log: whoever advances some buckets changes their rows only, and so
# waits for nobody else, and nobody waits for them.
_ROLE_STATISTICS: Final = """
CREATE TABLE role_statistics (
    role     TEXT    NOT NULL,
    bucket   INTEGER NOT NULL,
    active   BIGINT  NOT NULL,
    inactive BIGINT  NOT NULL,
    PRIMARY KEY (role, bucket)
);
"""

# What a user counts as until the next event, which says only what is new.
_COUNTED_USERS: Final = """
CREATE TABLE role_statistics_users (
    id        UUID    NOT NULL PRIMARY KEY,
    role      TEXT    NOT NULL,
    is_active BOOLEAN NOT NULL
);
"""

_COUNT: Final = """
INSERT INTO role_statistics (role, bucket, active, inactive)
SELECT role, :bucket, CASE WHEN is_active THEN :users ELSE 0 END, CASE WHEN is_active THEN 0 ELSE :users END
FROM role_statistics_users WHERE id = :id
ON CONFLICT (role, bucket) DO UPDATE
SET active = role_statistics.active + excluded.active, inactive = role_statistics.inactive + excluded.inactive
"""


class RoleProjection(Projection):
    """Counts the users of each role, active and inactive ones.

    One count is fed by the streams of many users, in any order: sums do not mind. One user's events have to be in
    order, since a new role is taken from the count of the former one. That is the order of streams, which every
    projection has; a `partition_key` would give it up: a change of role concerns two roles, and so has no one key.
    """

    name, version = "role_statistics", 1
    partitions = 4
    tables: ClassVar = {"role_statistics": _ROLE_STATISTICS, "role_statistics_users": _COUNTED_USERS}

    def __init__(self, db: ViewDatabase) -> None:
        self._db = db

    async def on_registered(self, event: UserRegistered, recorded: RecordedEvent) -> None:
        await self._db.execute(
            "INSERT INTO role_statistics_users (id, role, is_active) VALUES (:id, :role, TRUE)",
            {"id": event.user_id, "role": event.role},
        )
        await self._count(event.user_id, 1, recorded)

    async def on_role_changed(self, event: UserRoleChanged, recorded: RecordedEvent) -> None:
        await self._count(event.user_id, -1, recorded)
        await self._db.execute(
            "UPDATE role_statistics_users SET role = :role WHERE id = :id", {"id": event.user_id, "role": event.role}
        )
        await self._count(event.user_id, 1, recorded)

    async def on_activity_changed(self, event: UserActivated | UserDeactivated, recorded: RecordedEvent) -> None:
        await self._count(event.user_id, -1, recorded)
        await self._db.execute(
            "UPDATE role_statistics_users SET is_active = :is_active WHERE id = :id",
            {"id": event.user_id, "is_active": isinstance(event, UserActivated)},
        )
        await self._count(event.user_id, 1, recorded)

    async def on_deleted(self, event: UserDeleted, recorded: RecordedEvent) -> None:
        await self._count(event.user_id, -1, recorded)
        await self._db.execute("DELETE FROM role_statistics_users WHERE id = :id", {"id": event.user_id})

    async def _count(self, user_id: UUID, users: int, recorded: RecordedEvent) -> None:
        await self._db.execute(_COUNT, {"id": user_id, "bucket": recorded.partition, "users": users})
