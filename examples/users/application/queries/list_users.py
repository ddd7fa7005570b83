"""A page of users by limit and offset, with the total."""

from dataclasses import dataclass

from duolog import CacheScope, Limits, PaginatedResult, Query, SortOrder, cached
from users.application.access import Access
from users.application.dto.user import UserDTO
from users.application.ports.user_query_gateway import UserFilters, UserQueryGateway


@dataclass(frozen=True, slots=True)
class ListUsersQuery(Query[PaginatedResult[UserDTO]]):
    limit: int = 20
    offset: int = 0
    sort_by: str = "created_at"
    sort_order: SortOrder = SortOrder.DESC
    role_filter: str | None = None
    is_active: bool | None = None


@cached(scope=CacheScope.ROLES)
class ListUsersQueryService:
    def __init__(self, reader: UserQueryGateway, access: Access) -> None:
        self._reader = reader
        self._access = access

    async def execute(self, query: ListUsersQuery) -> PaginatedResult[UserDTO]:
        """Return the page; items and total are of one moment.

        Raises:
            LimitOutOfRangeError: the limit or the offset is out of range.
            UnknownFieldError: the list cannot be sorted like this.
            UnknownRoleError: there is no such role.
        """
        self._access.require_signed_in()
        Limits().check(query.limit, query.offset)
        filters = UserFilters.asked(role=query.role_filter, is_active=query.is_active)
        users = await self._reader.list_all(
            limit=query.limit,
            offset=query.offset,
            sort_by=query.sort_by,
            sort_order=query.sort_order,
            filters=filters,
        )
        total = await self._reader.count(filters)
        return PaginatedResult(items=users, total=total, limit=query.limit, offset=query.offset)
