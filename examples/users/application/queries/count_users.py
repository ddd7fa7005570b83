"""How many users each role has."""

from dataclasses import dataclass

from duolog import CacheScope, Query, cached
from users.application.access import Access
from users.application.dto.role_statistics import RoleStatisticsDTO
from users.application.ports.role_statistics_gateway import RoleStatisticsGateway
from users.domain.role import UserRole


@dataclass(frozen=True, slots=True)
# duolog: allow unbounded-list - there is one for each role
class CountUsersQuery(Query[list[RoleStatisticsDTO]]):
    """By role; there is nothing to choose."""


@cached(scope=CacheScope.ROLES)
class CountUsersQueryService:
    def __init__(self, reader: RoleStatisticsGateway, access: Access) -> None:
        self._reader = reader
        self._access = access

    async def execute(self, _: CountUsersQuery) -> list[RoleStatisticsDTO]:
        """Return the counts of every role, also of those that nobody has."""
        self._access.require_signed_in()
        counts = {count.role: count for count in await self._reader.count_by_role()}
        return [counts.get(role.value, RoleStatisticsDTO(role.value, 0, 0)) for role in UserRole]
