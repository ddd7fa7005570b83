"""The reference's query: DTOs, query service and gateway stand here as they are written there."""

# ruff: noqa: ANN204 - the reference's constructors are taken over as they are

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final, Protocol
from uuid import UUID

from dishka import Provider, Scope, provide

from duolog import FilterableFields, PaginatedResult, ReadDatabase, SortableFields, SortOrder, bind_query
from duolog.read.filtering import equals


@dataclass(frozen=True, slots=True)
class ListUsersQuery:
    limit: int = 20
    offset: int = 0
    sort_by: str = "created_at"
    sort_order: SortOrder = SortOrder.DESC
    role_filter: str | None = None
    is_active: bool | None = None


class ListUsersQueryService:
    def __init__(self, reader: UserQueryGateway):
        self._reader = reader

    async def execute(self, query: ListUsersQuery) -> PaginatedResult[UserDTO]:
        users = await self._reader.list_all(
            limit=query.limit,
            offset=query.offset,
            sort_by=query.sort_by,
            sort_order=query.sort_order,
            filters=UserFilters(
                role=query.role_filter,
                is_active=query.is_active,
            ),
        )

        total = await self._reader.count(
            filters=UserFilters(
                role=query.role_filter,
                is_active=query.is_active,
            ),
        )

        return PaginatedResult(
            items=users,
            total=total,
            limit=query.limit,
            offset=query.offset,
        )


@dataclass(frozen=True, slots=True)
class UserDTO:
    id: UUID
    email: str
    role: str
    is_active: bool
    created_at: datetime


class UserQueryGateway(Protocol):
    async def get_by_id(self, user_id: UUID) -> UserDTO | None: ...

    async def list_all(
        self,
        limit: int,
        offset: int,
        sort_by: str,
        sort_order: SortOrder,
        filters: UserFilters | None = None,
    ) -> list[UserDTO]: ...

    async def count(self, filters: UserFilters | None = None) -> int: ...

    async def exists(self, user_id: UUID) -> bool: ...


@dataclass(frozen=True, slots=True)
class UserFilters:
    role: str | None = None
    is_active: bool | None = None


SORTABLE: Final = SortableFields({"created_at": "created_at", "email": "email"}, tie_break="id")
FILTERABLE: Final = FilterableFields({"role": equals("role"), "is_active": equals("is_active")})


class SqlUserReader:
    """The gateway, with the allow-lists that the reference's ``getattr(UserModel, sort_by)`` lacks."""

    def __init__(self, db: ReadDatabase) -> None:
        self._db = db

    async def get_by_id(self, user_id: UUID) -> UserDTO | None:
        return await self._db.fetch_one("SELECT * FROM users WHERE id = :id", {"id": user_id}, into=UserDTO)

    async def list_all(
        self, limit: int, offset: int, sort_by: str, sort_order: SortOrder, filters: UserFilters | None = None
    ) -> list[UserDTO]:
        where, parameters = _where(filters)
        order_by = SORTABLE.order_by(sort_by, sort_order)
        sql = f"SELECT * FROM users WHERE {where} ORDER BY {order_by} LIMIT :limit OFFSET :offset"  # noqa: S608 - made from allow-lists
        return list(await self._db.fetch(sql, {**parameters, "limit": limit, "offset": offset}, into=UserDTO))

    async def count(self, filters: UserFilters | None = None) -> int:
        where, parameters = _where(filters)
        return int(await self._db.fetch_value(f"SELECT count(*) FROM users WHERE {where}", parameters))  # noqa: S608 - as above

    async def exists(self, user_id: UUID) -> bool:
        return await self.get_by_id(user_id) is not None


def _where(filters: UserFilters | None) -> tuple[str, dict[str, object]]:
    given = filters or UserFilters()
    return FILTERABLE.where({"role": given.role, "is_active": given.is_active})


class ReaderProvider(Provider):
    scope = Scope.REQUEST
    reader = provide(SqlUserReader, provides=UserQueryGateway)


LIST_USERS = bind_query(ListUsersQuery, ListUsersQueryService)
