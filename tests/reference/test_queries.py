from datetime import UTC, datetime
from uuid import UUID

import pytest

from duolog import Application, SortOrder
from duolog.adapters.sqlalchemy import SqlAlchemyProvider
from duolog.errors import UnknownFieldError
from duolog.testing import application
from tests.reference.list_users import LIST_USERS, ListUsersQuery, ReaderProvider, UserQueryGateway
from tests.reference.postgres_user_reader import SessionReaderProvider

USERS = """
    CREATE TABLE users (
        id UUID PRIMARY KEY, email TEXT NOT NULL, role TEXT NOT NULL, is_active BOOLEAN NOT NULL,
        created_at TIMESTAMPTZ NOT NULL
    );
    INSERT INTO users VALUES
        ('00000000-0000-7000-8000-000000000001', 'a@example.com', 'admin', TRUE, '2026-01-01T00:00:00Z'),
        ('00000000-0000-7000-8000-000000000002', 'b@example.com', 'user', TRUE, '2026-01-02T00:00:00Z'),
        ('00000000-0000-7000-8000-000000000003', 'c@example.com', 'user', FALSE, '2026-01-03T00:00:00Z'),
        ('00000000-0000-7000-8000-000000000004', 'd@example.com', 'user', TRUE, '2026-01-04T00:00:00Z')"""


def users(url: str) -> Application:
    return application(LIST_USERS, database=url, providers=[ReaderProvider()], tables={"users": USERS})


async def test_a_page_is_filtered_sorted_and_counted(url: str) -> None:
    async with users(url) as app:
        page = await app.query_bound(LIST_USERS, ListUsersQuery(limit=1, role_filter="user", is_active=True))

        assert [user.email for user in page.items] == ["d@example.com"]
        assert (page.total, page.limit, page.offset, page.has_next, page.has_prev) == (2, 1, 0, True, False)
        assert page.items[0].is_active is True


async def test_the_last_page_has_a_previous_one_and_no_next_one(url: str) -> None:
    async with users(url) as app:
        query = ListUsersQuery(limit=3, offset=3, sort_by="email", sort_order=SortOrder.ASC)
        page = await app.query_bound(LIST_USERS, query)

        assert [user.email for user in page.items] == ["d@example.com"]
        assert (page.total, page.has_next, page.has_prev) == (4, False, True)


async def test_a_field_that_is_not_declared_sortable_is_refused_with_the_allowed_ones(url: str) -> None:
    async with users(url) as app:
        with pytest.raises(UnknownFieldError, match="allowed: created_at, email"):
            await app.query_bound(LIST_USERS, ListUsersQuery(sort_by="password_hash"))


async def test_the_references_reader_over_a_session_works_as_it_is(url: str) -> None:
    providers = [SqlAlchemyProvider(), SessionReaderProvider()]
    async with application(LIST_USERS, database=url, providers=providers, tables={"users": USERS}) as app:
        query = ListUsersQuery(limit=2, role_filter="user", sort_by="email", sort_order=SortOrder.DESC)
        page = await app.query_bound(LIST_USERS, query)

        assert [user.email for user in page.items] == ["d@example.com", "c@example.com"]
        assert (page.total, page.has_next) == (3, True)
        assert page.items[1].is_active is False
        assert page.items[0].created_at == datetime(2026, 1, 4, tzinfo=UTC)
        async with app.container() as scope:
            reader = await scope.get(UserQueryGateway)
            found = await reader.get_by_id(page.items[0].id)
            assert found is not None
            assert (str(found.id), found.email) == (str(page.items[0].id), "d@example.com")
            assert not await reader.exists(UUID(int=1))
