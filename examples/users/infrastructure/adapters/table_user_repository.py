"""Users kept as rows of a table, in one transaction with their events."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from duolog import UnitOfWork, WriteDatabase
from users.domain.email import Email
from users.domain.errors import EmailTakenError, UserNotFoundError
from users.domain.role import UserRole
from users.domain.user import User, UserId
from users.infrastructure.adapters.users_table import EMAIL_IS_UNIQUE

_LOAD: Final = "SELECT email, role, is_active, password_hash, version FROM users WHERE id = :id"
_INSERT: Final = """
INSERT INTO users (id, email, password_hash, role, is_active, version)
VALUES (:id, :email, :password_hash, :role, :is_active, :version)
"""
_UPDATE: Final = """
UPDATE users SET email = :email, role = :role, is_active = :is_active, version = :version
WHERE id = :id AND version = :loaded_version
"""
_DELETE: Final = "DELETE FROM users WHERE id = :id AND version = :loaded_version"


@dataclass(frozen=True, slots=True)
class _Row:
    email: str
    role: UserRole
    is_active: bool
    version: int
    password_hash: str = field(repr=False)


class TableUserRepository:
    """A `UserRepository`: the row is the user, and the log has what happened."""

    def __init__(self, db: WriteDatabase, unit: UnitOfWork) -> None:
        self._db = db
        self._unit = unit

    async def load(self, user_id: UserId) -> User:
        row = await self._db.fetch_one(_LOAD, {"id": user_id}, into=_Row)
        if row is None:
            raise UserNotFoundError(user_id)
        user = User(user_id)
        user.email = Email.recorded(row.email)
        user.role = row.role
        user.is_active = row.is_active
        user.password_hash = row.password_hash
        user.restore_version(row.version)
        return user

    async def save(self, user: User) -> None:
        pending = user.pending_events
        if not pending:
            return
        loaded_version = user.version - len(pending)
        if loaded_version == 0:
            await self._insert(user)
        elif user.is_deleted:
            await self._guarded(_DELETE, {"id": user.id, "loaded_version": loaded_version}, user)
        else:
            await self._update(user, loaded_version)
        self._unit.stage(user.stream, pending, pending.expected)
        user.clear_events()

    async def _insert(self, user: User) -> None:
        await self._db.execute(
            _INSERT,
            {
                "id": user.id,
                "email": user.email.value,
                "password_hash": user.password_hash,
                "role": user.role,
                "is_active": user.is_active,
                "version": user.version,
            },
            errors={EMAIL_IS_UNIQUE: EmailTakenError},
        )

    async def _update(self, user: User, loaded_version: int) -> None:
        parameters = {
            "id": user.id,
            "email": user.email.value,
            "role": user.role,
            "is_active": user.is_active,
            "version": user.version,
            "loaded_version": loaded_version,
        }
        await self._guarded(_UPDATE, parameters, user)

    async def _guarded(self, sql: str, parameters: Mapping[str, object], user: User) -> None:
        await self._db.execute(sql, parameters, rows=1, key=user.stream, errors={EMAIL_IS_UNIQUE: EmailTakenError})
