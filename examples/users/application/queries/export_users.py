"""All users that are asked for, one after another, without holding them all in memory."""

from collections.abc import AsyncIterator
from contextlib import aclosing
from dataclasses import dataclass

from duolog import SortOrder, StreamQuery
from users.application.access import Access
from users.application.dto.user import UserDTO
from users.application.ports.user_query_gateway import UserFilters, UserQueryGateway


@dataclass(frozen=True, slots=True)
class ExportUsersQuery(StreamQuery[UserDTO]):
    """The whole list, sorted and filtered as its pages are. For admins only; all users are of one moment."""

    sort_by: str = "created_at"
    sort_order: SortOrder = SortOrder.DESC
    role_filter: str | None = None
    is_active: bool | None = None


class ExportUsersQueryService:
    def __init__(self, reader: UserQueryGateway, access: Access) -> None:
        self._reader = reader
        self._access = access

    async def execute(self, query: ExportUsersQuery) -> AsyncIterator[UserDTO]:
        """Give the users, sorted.

        Raises:
            UnknownFieldError: the list cannot be sorted like this.
            UnknownRoleError: there is no such role.
        """
        self._access.require_admin()
        filters = UserFilters.asked(role=query.role_filter, is_active=query.is_active)
        listing = self._reader.stream_all(sort_by=query.sort_by, sort_order=query.sort_order, filters=filters)
        async with aclosing(listing) as users:
            async for user in users:
                yield user
