"""How many users have signed up, month by month."""

from dataclasses import dataclass

from duolog import CacheScope, Query, cached
from users.application.access import Access
from users.application.dto.sign_ups import SignUpsDTO
from users.application.ports.sign_ups_gateway import SignUpsGateway


@dataclass(frozen=True, slots=True)
# duolog: allow unbounded-list - there is one for each role and month
class CountSignUpsQuery(Query[list[SignUpsDTO]]):
    """By month and role; there is nothing to choose."""


@cached(scope=CacheScope.ROLES)
class CountSignUpsQueryService:
    def __init__(self, reader: SignUpsGateway, access: Access) -> None:
        self._reader = reader
        self._access = access

    async def execute(self, _: CountSignUpsQuery) -> list[SignUpsDTO]:
        """Return the counts, the latest month first."""
        self._access.require_signed_in()
        return await self._reader.count_by_month()
