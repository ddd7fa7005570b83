"""Counts of users as DTOs, by plain SQL on the view."""

from typing import Final

from duolog import ReadDatabase
from users.application.dto.role_statistics import RoleStatisticsDTO

_COUNTS: Final = """
SELECT role, CAST(sum(active) AS BIGINT) AS active, CAST(sum(inactive) AS BIGINT) AS inactive
FROM role_statistics GROUP BY role
"""


class PostgresRoleStatisticsReader:
    """A `RoleStatisticsGateway` over `role_statistics`, in SQL that SQLite speaks as well."""

    def __init__(self, db: ReadDatabase) -> None:
        self._db = db

    async def count_by_role(self) -> list[RoleStatisticsDTO]:
        return list(await self._db.fetch(_COUNTS, into=RoleStatisticsDTO))
