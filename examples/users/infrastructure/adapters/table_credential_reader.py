"""Credentials from the table of users."""

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from users.application.ports.credential_gateway import Credentials
from users.domain.email import Email
from users.infrastructure.models import UserModel


class TableCredentialReader:
    """A `CredentialGateway` over the rows of users."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def by_email(self, email: Email) -> Credentials | None:
        row = await self._session.scalar(select(UserModel).where(UserModel.email == email.value))
        return None if row is None else Credentials(row.id, row.role, row.is_active, row.password_hash)
