"""All users, one after another, without holding them all in memory."""

from collections.abc import AsyncIterator
from contextlib import aclosing
from dataclasses import dataclass

from duolog import StreamQuery
from users.application.access import Access
from users.application.dto.user import UserDTO
from users.application.ports.user_query_gateway import UserQueryGateway


@dataclass(frozen=True, slots=True)
class ExportUsersQuery(StreamQuery[UserDTO]):
    """For admins only; all users are of one moment."""

    sort_by: str = "created_at"


class ExportUsersQueryService:
    def __init__(self, reader: UserQueryGateway, access: Access) -> None:
        self._reader = reader
        self._access = access

    async def execute(self, query: ExportUsersQuery) -> AsyncIterator[UserDTO]:
        """Give the users, sorted.

        Raises:
            UnknownFieldError: the list cannot be sorted like this.
        """
        self._access.require_admin()
        async with aclosing(self._reader.stream_all(sort_by=query.sort_by)) as users:
            async for user in users:
                yield user
