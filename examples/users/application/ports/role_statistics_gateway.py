"""The read port for counts of users."""

from typing import Protocol

from users.application.dto.role_statistics import RoleStatisticsDTO


class RoleStatisticsGateway(Protocol):
    """Reads how many users each role has from a read model."""

    async def count_by_role(self) -> list[RoleStatisticsDTO]:
        """Return the counts of the roles that users have or have had, in no order."""
        ...
