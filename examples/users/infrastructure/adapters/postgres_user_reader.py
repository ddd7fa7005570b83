"""Users as DTOs, straight from the view."""

from collections.abc import AsyncGenerator
from typing import Final
from uuid import UUID

from duolog import CursorPage, Cursors, QueryGateway, ReadDatabase, Relation, SortOrder, equals
from users.application.dto.user import UserDTO
from users.application.ports.user_query_gateway import UserFilters

USERS: Final = Relation(
    "users_view",
    UserDTO,
    key="id",
    sortable={"created_at": "created_at", "email": "email", "role": "role"},
    filterable={"role": equals("role"), "is_active": equals("is_active")},
)


class PostgresUserReader:
    """A `UserQueryGateway` over `users_view`, whichever write model keeps the users.

    Direct SQL, and rows straight into DTOs. It reads through what it is given, and so on a replica as well. SQLite,
    which development runs on, speaks the same SQL.
    """

    def __init__(self, db: ReadDatabase, cursors: Cursors) -> None:
        self._users = QueryGateway(USERS, db, cursors)

    async def get_by_id(self, user_id: UUID) -> UserDTO | None:
        return await self._users.get_by_id(user_id)

    async def list_all(
        self, *, limit: int, offset: int, sort_by: str, sort_order: SortOrder, filters: UserFilters
    ) -> list[UserDTO]:
        return await self._users.list_all(
            limit=limit, offset=offset, sort_by=sort_by, order=sort_order, filters=filters
        )

    async def count(self, filters: UserFilters) -> int:
        return await self._users.count(filters)

    async def page(
        self, *, cursor: str | None, limit: int, sort_by: str, sort_order: SortOrder, filters: UserFilters
    ) -> CursorPage[UserDTO]:
        return await self._users.cursor_page(
            cursor=cursor, limit=limit, sort_by=sort_by, order=sort_order, filters=filters
        )

    async def exists(self, user_id: UUID) -> bool:
        return await self._users.exists(user_id)

    def stream_all(self, *, sort_by: str, sort_order: SortOrder, filters: UserFilters) -> AsyncGenerator[UserDTO, None]:
        return self._users.stream(sort_by=sort_by, order=sort_order, filters=filters)
