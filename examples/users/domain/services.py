"""What concerns users and needs more than one of them, or something from outside."""

from uuid import uuid4

from users.domain.email import Email
from users.domain.password import PasswordHasher, check_new_password
from users.domain.role import UserRole
from users.domain.user import User, UserId


class UserService:
    """Makes users."""

    def __init__(self, hasher: PasswordHasher) -> None:
        self._hasher = hasher

    async def create_user(self, *, email: Email, raw_password: str, role: UserRole) -> User:
        """Make a user with a new id; it is not saved yet.

        Raises:
            WeakPasswordError: the password may not be chosen.
        """
        password_hash = await self._hasher.hash(check_new_password(raw_password))
        return User.create(UserId(uuid4()), email=email, password_hash=password_hash, role=role)
