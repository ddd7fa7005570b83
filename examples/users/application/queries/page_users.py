"""A page of users by cursor: exact while users come and go, and as fast at the end as at the beginning."""

from dataclasses import dataclass

from duolog import CursorPage, Limits, Query, SortOrder
from users.application.access import Access
from users.application.dto.user import UserDTO
from users.application.ports.user_query_gateway import UserFilters, UserQueryGateway


@dataclass(frozen=True, slots=True)
class PageUsersQuery(Query[CursorPage[UserDTO]]):
    cursor: str | None = None
    limit: int = 20
    sort_by: str = "created_at"
    sort_order: SortOrder = SortOrder.DESC
    role_filter: str | None = None
    is_active: bool | None = None


class PageUsersQueryService:
    def __init__(self, reader: UserQueryGateway, access: Access) -> None:
        self._reader = reader
        self._access = access

    async def execute(self, query: PageUsersQuery) -> CursorPage[UserDTO]:
        """Return the page.

        Raises:
            LimitOutOfRangeError: the limit is out of range.
            UnknownFieldError: the list cannot be sorted like this.
            UnknownRoleError: there is no such role.
            InvalidCursorError: the cursor was altered, or belongs to another list, order or filter.
        """
        self._access.require_signed_in()
        Limits().check(query.limit)
        return await self._reader.page(
            cursor=query.cursor,
            limit=query.limit,
            sort_by=query.sort_by,
            sort_order=query.sort_order,
            filters=UserFilters.asked(role=query.role_filter, is_active=query.is_active),
        )
