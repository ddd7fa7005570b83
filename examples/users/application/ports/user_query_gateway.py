"""The read port for users."""

from collections.abc import AsyncGenerator
from dataclasses import dataclass
from typing import Protocol, Self
from uuid import UUID

from duolog import CursorPage, SortOrder
from users.application.dto.user import UserDTO
from users.domain.role import UserRole


@dataclass(frozen=True, slots=True)
class UserFilters:
    """Which users are wanted; None filters nothing.

    Attributes:
        role: with this role.
        is_active: active ones or inactive ones.
    """

    role: UserRole | None = None
    is_active: bool | None = None

    @classmethod
    def asked(cls, *, role: str | None, is_active: bool | None) -> Self:
        """Return what a client asked for.

        Raises:
            UnknownRoleError: there is no such role.
        """
        return cls(UserRole.named(role) if role is not None else None, is_active)


class UserQueryGateway(Protocol):
    """Reads users as DTOs from a read model."""

    async def get_by_id(self, user_id: UUID) -> UserDTO | None:
        """Return a user, or None."""
        ...

    async def list_all(
        self, *, limit: int, offset: int, sort_by: str, sort_order: SortOrder, filters: UserFilters
    ) -> list[UserDTO]:
        """Return a stretch of the sorted list.

        Raises:
            UnknownFieldError: the list cannot be sorted by ``sort_by``.
        """
        ...

    async def count(self, filters: UserFilters) -> int:
        """Return how many users there are."""
        ...

    async def page(
        self, *, cursor: str | None, limit: int, sort_by: str, sort_order: SortOrder, filters: UserFilters
    ) -> CursorPage[UserDTO]:
        """Return the page that a cursor asks for; the first one without a cursor.

        Raises:
            UnknownFieldError: the list cannot be sorted by ``sort_by``.
            InvalidCursorError: the cursor was altered, or belongs to another list, order or filter.
        """
        ...

    async def exists(self, user_id: UUID) -> bool:
        """Tell whether there is such a user."""
        ...

    def stream_all(self, *, sort_by: str, sort_order: SortOrder, filters: UserFilters) -> AsyncGenerator[UserDTO, None]:
        """Give all users one after another.

        Raises:
            UnknownFieldError: the list cannot be sorted by ``sort_by``.
        """
        ...
