"""The read port for sign-ups by month."""

from typing import Protocol

from users.application.dto.sign_ups import SignUpsDTO


class SignUpsGateway(Protocol):
    """Reads how many users have signed up from a read model."""

    async def count_by_month(self) -> list[SignUpsDTO]:
        """Return the counts of all months and roles that have any, the latest month first, then by role."""
        ...
