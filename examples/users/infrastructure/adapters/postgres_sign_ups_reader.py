"""Sign-ups as DTOs, by plain SQL on the materialized view."""

from typing import Final

from duolog import ReadDatabase
from users.application.dto.sign_ups import SignUpsDTO

_SIGN_UPS: Final = "SELECT month, role, users, active FROM sign_ups ORDER BY month DESC, role"


class PostgresSignUpsReader:
    """A `SignUpsGateway` over `sign_ups`, in SQL that SQLite speaks as well."""

    def __init__(self, db: ReadDatabase) -> None:
        self._db = db

    async def count_by_month(self) -> list[SignUpsDTO]:
        return list(await self._db.fetch(_SIGN_UPS, into=SignUpsDTO))
