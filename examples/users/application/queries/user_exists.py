"""Whether there is such a user."""

from dataclasses import dataclass
from uuid import UUID

from duolog import Query
from users.application.access import Access
from users.application.ports.user_query_gateway import UserQueryGateway


@dataclass(frozen=True, slots=True)
class UserExistsQuery(Query[bool]):
    user_id: UUID


class UserExistsQueryService:
    def __init__(self, reader: UserQueryGateway, access: Access) -> None:
        self._reader = reader
        self._access = access

    async def execute(self, query: UserExistsQuery) -> bool:
        self._access.require_signed_in()
        return await self._reader.exists(query.user_id)
