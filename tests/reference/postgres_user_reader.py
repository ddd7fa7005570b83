"""The reference's reader over an `AsyncSession`, word for word but for what its listing leaves out."""

from datetime import datetime
from uuid import UUID

from dishka import Provider, Scope, provide
from sqlalchemy import DateTime, Text, func, select, text
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from duolog import SortOrder
from tests.reference.list_users import UserDTO, UserFilters, UserQueryGateway


class Model(DeclarativeBase):
    pass


class UserModel(Model):
    __tablename__ = "users"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    email: Mapped[str] = mapped_column(Text)
    role: Mapped[str] = mapped_column(Text)
    is_active: Mapped[bool]
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))


class PostgresUserReader:
    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def get_by_id(self, user_id: UUID) -> UserDTO | None:
        # Direct SQL for performance
        stmt = text("""
            SELECT id, email, role, is_active, created_at
            FROM users
            WHERE id = :user_id
        """)
        result = await self._session.execute(stmt, {"user_id": user_id})
        row = result.fetchone()

        if not row:
            return None

        return UserDTO(
            id=row.id,
            email=row.email,
            role=row.role,
            is_active=row.is_active,
            created_at=row.created_at,
        )

    async def list_all(
        self,
        limit: int,
        offset: int,
        sort_by: str,
        sort_order: SortOrder,
        filters: UserFilters | None = None,
    ) -> list[UserDTO]:
        query = select(UserModel)

        if filters:
            if filters.role:
                query = query.where(UserModel.role == filters.role)
            if filters.is_active is not None:
                query = query.where(UserModel.is_active == filters.is_active)

        # Dynamic sorting
        order_col = getattr(UserModel, sort_by)
        if sort_order == SortOrder.DESC:
            order_col = order_col.desc()
        query = query.order_by(order_col)

        query = query.limit(limit).offset(offset)

        result = await self._session.execute(query)
        rows = result.scalars().all()

        return [self._to_dto(row) for row in rows]

    async def count(self, filters: UserFilters | None = None) -> int:
        query = select(func.count()).select_from(UserModel)
        if filters and filters.role:
            query = query.where(UserModel.role == filters.role)
        if filters and filters.is_active is not None:
            query = query.where(UserModel.is_active == filters.is_active)
        return await self._session.scalar(query) or 0

    async def exists(self, user_id: UUID) -> bool:
        return await self.get_by_id(user_id) is not None

    def _to_dto(self, row: UserModel) -> UserDTO:
        return UserDTO(row.id, row.email, row.role, row.is_active, row.created_at)


class SessionReaderProvider(Provider):
    scope = Scope.REQUEST
    reader = provide(PostgresUserReader, provides=UserQueryGateway)
