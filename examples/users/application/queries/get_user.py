"""One user."""

from dataclasses import dataclass
from uuid import UUID

from duolog import CacheScope, Query, cached
from users.application.access import Access
from users.application.dto.user import UserDTO
from users.application.ports.user_query_gateway import UserQueryGateway
from users.domain.errors import UserNotFoundError


@dataclass(frozen=True, slots=True)
class GetUserQuery(Query[UserDTO]):
    user_id: UUID


@cached(scope=CacheScope.ROLES)
class GetUserQueryService:
    def __init__(self, reader: UserQueryGateway, access: Access) -> None:
        self._reader = reader
        self._access = access

    async def execute(self, query: GetUserQuery) -> UserDTO:
        """Return the user.

        Raises:
            UserNotFoundError: there is none.
        """
        self._access.require_signed_in()
        user = await self._reader.get_by_id(query.user_id)
        if user is None:
            raise UserNotFoundError(query.user_id)
        return user
