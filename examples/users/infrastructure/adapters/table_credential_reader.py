"""Credentials from the table of users."""

from duolog import WriteDatabase
from users.application.ports.credential_gateway import Credentials
from users.domain.email import Email


class TableCredentialReader:
    """A `CredentialGateway` over the rows of users."""

    def __init__(self, db: WriteDatabase) -> None:
        self._db = db

    async def by_email(self, email: Email) -> Credentials | None:
        return await self._db.fetch_one(
            "SELECT id AS user_id, role, is_active, password_hash FROM users WHERE email = :email",
            {"email": email.value},
            into=Credentials,
        )
