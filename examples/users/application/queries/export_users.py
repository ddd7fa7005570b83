"""All users, one after another, without holding them all in memory."""

from collections.abc import AsyncIterator
from dataclasses import dataclass

from duolog import SortOrder, StreamQuery
from users.application.access import Access
from users.application.dto.user import UserJson, user_json
from users.application.ports.user_query_gateway import UserFilters, UserQueryGateway


@dataclass(frozen=True, slots=True)
class ExportUsersQuery(StreamQuery[UserJson]):
    page_size: int = 500


class ExportUsersQueryService:
    """For admins only; all pages are of one moment."""

    def __init__(self, reader: UserQueryGateway, access: Access) -> None:
        self._reader = reader
        self._access = access

    async def execute(self, query: ExportUsersQuery) -> AsyncIterator[UserJson]:
        self._access.require_admin()
        cursor: str | None = None
        while True:
            page = await self._reader.page(
                cursor=cursor,
                limit=query.page_size,
                sort_by="created_at",
                sort_order=SortOrder.ASC,
                filters=UserFilters(),
            )
            for user in page.items:
                yield user_json(user)
            cursor = page.next_cursor
            if cursor is None:
                return
