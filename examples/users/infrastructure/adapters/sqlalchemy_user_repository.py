"""Users kept as rows of a table, in one transaction with their events."""

from sqlalchemy.ext.asyncio import AsyncSession

from duolog import UnitOfWork
from users.domain.email import Email
from users.domain.errors import UserNotFoundError
from users.domain.role import UserRole
from users.domain.user import User, UserId
from users.infrastructure.models import UserModel


class SqlAlchemyUserRepository:
    """A `UserRepository`: the row is the user, and the log has what happened."""

    def __init__(self, session: AsyncSession, unit: UnitOfWork) -> None:
        self._session = session
        self._unit = unit

    async def load(self, user_id: UserId) -> User:
        row = await self._session.get(UserModel, user_id)
        if row is None:
            raise UserNotFoundError(user_id)
        user = User(user_id)
        user.email = Email.recorded(row.email)
        user.role = UserRole(row.role)
        user.is_active = row.is_active
        user.password_hash = row.password_hash
        user.restore_version(row.version)
        return user

    async def save(self, user: User) -> None:
        pending = user.pending_events
        if not pending:
            return
        row = await self._session.get(UserModel, user.id) if user.version > len(pending) else None
        if row is None:
            self._session.add(_new_row(user))
        elif user.is_deleted:
            await self._session.delete(row)
        else:
            _change(row, user)
        self._unit.stage(user.stream, pending, pending.expected)
        user.clear_events()


def _new_row(user: User) -> UserModel:
    row = UserModel(id=user.id, password_hash=user.password_hash)
    _change(row, user)
    return row


def _change(row: UserModel, user: User) -> None:
    row.email = user.email.value
    row.role = user.role.value
    row.is_active = user.is_active
    row.version = user.version
