"""Users as DTOs, by plain SQL on the view."""

from typing import Final
from uuid import UUID

from duolog import CursorPage, Cursors, FilterableFields, Keyset, ReadDatabase, SortableFields, SortOrder, equals
from users.application.dto.user import UserDTO
from users.application.ports.user_query_gateway import UserFilters

SORTABLE: Final = SortableFields({"created_at": "created_at", "email": "email", "role": "role"}, tie_break="id")
FILTERABLE: Final = FilterableFields({"role": equals("role"), "is_active": equals("is_active")})

_SELECT: Final = "SELECT id, email, role, is_active, created_at, version FROM users_view"


class PostgresUserReader:
    """A `UserQueryGateway` over `users_view`, whichever write model keeps the users.

    Direct SQL, and rows straight into DTOs. It reads through what it is given, and so on a replica as well. SQLite,
    which development runs on, speaks the same SQL.
    """

    def __init__(self, db: ReadDatabase, cursors: Cursors) -> None:
        self._db = db
        self._pages = Keyset("users", SORTABLE, cursors)

    async def get_by_id(self, user_id: UUID) -> UserDTO | None:
        return await self._db.fetch_one(f"{_SELECT} WHERE id = :id", {"id": user_id}, into=UserDTO)

    async def list_all(
        self, *, limit: int, offset: int, sort_by: str, sort_order: SortOrder, filters: UserFilters
    ) -> list[UserDTO]:
        where, parameters = FILTERABLE.where(_values(filters))
        order_by = SORTABLE.order_by(sort_by, sort_order)
        sql = f"{_SELECT} WHERE {where} ORDER BY {order_by} LIMIT :limit OFFSET :offset"
        return list(await self._db.fetch(sql, {**parameters, "limit": limit, "offset": offset}, into=UserDTO))

    async def count(self, filters: UserFilters) -> int:
        where, parameters = FILTERABLE.where(_values(filters))
        sql = f"SELECT count(*) FROM users_view WHERE {where}"  # noqa: S608 - made from the allow-list
        return int(await self._db.fetch_value(sql, parameters))

    async def page(
        self, *, cursor: str | None, limit: int, sort_by: str, sort_order: SortOrder, filters: UserFilters
    ) -> CursorPage[UserDTO]:
        values = _values(filters)
        where, parameters = FILTERABLE.where(values)
        window = self._pages.window(sort_by=sort_by, order=sort_order, limit=limit, cursor=cursor, filters=values)
        sql = f"{_SELECT} WHERE {where} AND {window.where} ORDER BY {window.order_by} LIMIT :keyset_limit"
        return window.page(await self._db.fetch(sql, {**parameters, **window.parameters}, into=UserDTO))

    async def exists(self, user_id: UUID) -> bool:
        return await self._db.fetch_value("SELECT 1 FROM users_view WHERE id = :id", {"id": user_id}) is not None


def _values(filters: UserFilters) -> dict[str, object]:
    return {"role": filters.role, "is_active": filters.is_active}
