"""What a user may act as."""

from enum import Enum
from typing import Self

from users.domain.errors import UnknownRoleError


class UserRole(Enum):
    """The roles of users."""

    USER = "user"
    MODERATOR = "moderator"
    ADMIN = "admin"

    @classmethod
    def named(cls, name: str) -> Self:
        """Return the role with this name.

        Raises:
            UnknownRoleError: there is none.
        """
        try:
            return cls(name)
        except ValueError:
            message = f"a role is one of: {', '.join(role.value for role in cls)}"
            raise UnknownRoleError(message) from None
