from contextlib import aclosing
from datetime import UTC, datetime, timedelta
from itertools import product
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from duolog import CursorPage, Metadata, NotAuthenticatedError, NotAuthorizedError, Query, SortOrder
from duolog.errors import InvalidCursorError, InvalidMessageError, LimitOutOfRangeError, UnknownFieldError
from tests.unit.examples_users.service import ADMIN, NOBODY, PASSWORD, STRANGER, Service
from users.application.commands.create_user import CreateUserCommand
from users.application.commands.delete_user import DeleteUserCommand
from users.application.commands.update_user import UpdateUserCommand
from users.application.dto.role_statistics import RoleStatisticsDTO
from users.application.dto.sign_ups import SignUpsDTO
from users.application.dto.user import UserDTO
from users.application.queries.count_sign_ups import CountSignUpsQuery
from users.application.queries.count_users import CountUsersQuery
from users.application.queries.export_users import ExportUsersQuery
from users.application.queries.get_user import GetUserQuery
from users.application.queries.list_users import ListUsersQuery
from users.application.queries.page_users import PageUsersQuery
from users.application.queries.user_exists import UserExistsQuery
from users.domain.errors import UnknownRoleError, UserNotFoundError
from users.infrastructure.adapters.postgres_user_reader import USERS

EMAILS = ["dora@example.org", "ada@example.org", "cleo@example.org", "bob@example.org", "eve@example.org"]


@pytest.fixture
async def filled(service: Service) -> Service:
    """Five users: Bob and Eve are admins, Cleo is not active."""
    for email in EMAILS:
        user_id = await service.register(email, role="admin" if email[0] in "be" else "user")
        if email[0] == "c":
            await service.app.execute(UpdateUserCommand(user_id, is_active=False), metadata=ADMIN)
    await service.app.caught_up()
    return service


async def first_letters(service: Service, query: ListUsersQuery) -> str:
    page = await service.app.query(query, metadata=STRANGER)
    return "".join(user.email[0] for user in page.items)


async def test_a_user_is_read_back_right_after_the_command_by_its_position(service: Service) -> None:
    before = datetime.now(UTC) - timedelta(seconds=1)
    user_id = await service.register("ada@example.org")
    receipt = await service.app.execute_with_receipt(UpdateUserCommand(user_id, role="moderator"), metadata=ADMIN)
    user = await service.app.query(GetUserQuery(user_id), after=receipt.position, metadata=STRANGER)
    assert before < user.created_at < datetime.now(UTC) + timedelta(seconds=1)
    assert user == UserDTO(
        user_id, "ada@example.org", "moderator", is_active=True, created_at=user.created_at, version=2
    )


async def test_a_user_that_does_not_exist_is_not_found(service: Service) -> None:
    user_id = uuid4()
    with pytest.raises(UserNotFoundError):
        await service.app.query(GetUserQuery(user_id), metadata=STRANGER)
    assert not await service.app.query(UserExistsQuery(user_id), metadata=STRANGER)
    known = await service.register()
    await service.app.caught_up()
    assert await service.app.query(UserExistsQuery(known), metadata=STRANGER)


READS = [
    GetUserQuery(uuid4()),
    UserExistsQuery(uuid4()),
    ListUsersQuery(),
    PageUsersQuery(),
    CountUsersQuery(),
    CountSignUpsQuery(),
]


@pytest.mark.parametrize("query", READS)
async def test_reading_needs_a_signed_in_actor(event_service: Service, query: Query[Any]) -> None:
    with pytest.raises(NotAuthenticatedError):
        await event_service.app.query(query, metadata=NOBODY)


async def test_sign_ups_are_counted_by_month_and_role(filled: Service) -> None:
    """From a materialized view, which is as new as the list of users is."""
    user_id = await filled.register("fay@example.org", role="moderator")
    receipt = await filled.app.execute_with_receipt(UpdateUserCommand(user_id, is_active=False), metadata=ADMIN)
    counted = await filled.app.query(CountSignUpsQuery(), after=receipt.token, metadata=STRANGER)
    users = (await filled.app.query(ListUsersQuery(), metadata=STRANGER)).items
    months = sorted({f"{user.created_at.astimezone(UTC):%Y-%m}" for user in users}, reverse=True)
    of = [(month, role) for month in months for role in ("admin", "moderator", "user")]
    there = [[user for user in users if (f"{user.created_at:%Y-%m}", user.role) == each] for each in of]
    assert counted == [
        SignUpsDTO(*each, len(found), sum(user.is_active for user in found))
        for each, found in zip(of, there, strict=True)
        if found
    ]
    assert sum(count.users for count in counted) == len(users) == 6


LISTS = {
    ListUsersQuery(): "ebcad",
    ListUsersQuery(sort_order=SortOrder.ASC): "dacbe",
    ListUsersQuery(sort_by="email", sort_order=SortOrder.ASC): "abcde",
    ListUsersQuery(sort_by="email", limit=2, offset=1): "dc",
    ListUsersQuery(sort_by="email", offset=5): "",
    ListUsersQuery(sort_by="email", role_filter="admin"): "eb",
    ListUsersQuery(sort_by="email", is_active=False): "c",
    ListUsersQuery(sort_by="email", is_active=True, role_filter="user"): "da",
    ListUsersQuery(role_filter="moderator"): "",
}


async def test_the_list_is_sorted_filtered_and_cut(filled: Service) -> None:
    assert {query: await first_letters(filled, query) for query in LISTS} == LISTS


async def test_the_total_counts_what_the_filters_leave(filled: Service) -> None:
    query = ListUsersQuery(limit=1, role_filter="admin")
    page = await filled.app.query(query, metadata=STRANGER)
    assert (page.total, page.limit, page.offset, page.has_next, page.has_prev) == (2, 1, 0, True, False)


@pytest.mark.parametrize(
    ("query", "error"),
    [
        (ListUsersQuery(limit=0), LimitOutOfRangeError),
        (ListUsersQuery(limit=201), LimitOutOfRangeError),
        (ListUsersQuery(offset=-1), LimitOutOfRangeError),
        (ListUsersQuery(offset=2**31 + 1), LimitOutOfRangeError),
        (PageUsersQuery(limit=201), LimitOutOfRangeError),
        (ListUsersQuery(sort_by="password_hash"), UnknownFieldError),
        (PageUsersQuery(sort_by="password_hash"), UnknownFieldError),
        (ListUsersQuery(role_filter="root"), UnknownRoleError),
        (PageUsersQuery(cursor="made up"), InvalidCursorError),
        (ListUsersQuery(sort_order="asc; --"), InvalidMessageError),  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    ],
)
async def test_what_is_out_of_range_or_unknown_is_refused(
    event_service: Service, query: Query[Any], error: type[Exception]
) -> None:
    with pytest.raises(error):
        await event_service.app.query(query, metadata=STRANGER)


NAMES = st.sampled_from([*dir(UserDTO), "password_hash", "id; DROP TABLE users", "1", "email--", "EMAIL"]) | st.text()


@given(NAMES)
def test_every_name_but_the_allowed_ones_is_refused_for_sorting_and_filtering(name: str) -> None:
    if name in {"created_at", "email", "role"}:
        assert USERS.sortable.order_by(name) == f"{name} ASC, id ASC"
    else:
        with pytest.raises(UnknownFieldError, match="allowed: created_at, email, role"):
            USERS.sortable.order_by(name)
    if name not in {"role", "is_active"}:
        with pytest.raises(UnknownFieldError, match="allowed: role, is_active"):
            USERS.filterable.where({name: "x"})


async def pages_of(service: Service, query: PageUsersQuery) -> list[CursorPage[UserDTO]]:
    pages = [await service.app.query(query, metadata=STRANGER)]
    while (cursor := pages[-1].next_cursor) is not None:
        following = PageUsersQuery(
            cursor, query.limit, query.sort_by, query.sort_order, query.role_filter, query.is_active
        )
        pages.append(await service.app.query(following, metadata=STRANGER))
    return pages


async def test_walking_by_cursors_shows_what_the_whole_list_shows(filled: Service) -> None:
    for sort_by, order, is_active in product(USERS.sortable.names, SortOrder, [None, True]):
        whole = ListUsersQuery(sort_by=sort_by, sort_order=order, is_active=is_active)
        pages = await pages_of(filled, PageUsersQuery(limit=2, sort_by=sort_by, sort_order=order, is_active=is_active))
        letters = "".join(user.email[0] for page in pages for user in page.items)
        assert letters == await first_letters(filled, whole)
        back = PageUsersQuery(pages[-1].prev_cursor, 2, sort_by, order, is_active=is_active)
        assert (await filled.app.query(back, metadata=STRANGER)).items == pages[-2].items


async def test_a_cursor_of_another_filter_or_order_is_refused(filled: Service) -> None:
    cursor = (await filled.app.query(PageUsersQuery(limit=1), metadata=STRANGER)).next_cursor
    for other in (
        PageUsersQuery(cursor, role_filter="admin"),
        PageUsersQuery(cursor, sort_by="email"),
        PageUsersQuery(cursor, sort_order=SortOrder.ASC),
    ):
        with pytest.raises(InvalidCursorError):
            await filled.app.query(other, metadata=STRANGER)


async def test_users_are_counted_by_role_as_soon_as_they_change(filled: Service) -> None:
    """Every role is there, also one that nobody has; the shares' own rows add up."""
    created = await filled.app.execute_with_receipt(
        CreateUserCommand("zoe@example.org", PASSWORD, "moderator"), metadata=ADMIN
    )
    counts = await filled.app.query(CountUsersQuery(), after=created.position, metadata=STRANGER)
    assert counts == [
        RoleStatisticsDTO("user", active=2, inactive=1),
        RoleStatisticsDTO("moderator", active=1, inactive=0),
        RoleStatisticsDTO("admin", active=2, inactive=0),
    ]
    deleted = await filled.app.execute_with_receipt(DeleteUserCommand(created.result), metadata=ADMIN)
    counts = await filled.app.query(CountUsersQuery(), after=deleted.position, metadata=STRANGER)
    assert counts[1] == RoleStatisticsDTO("moderator", active=0, inactive=0)


async def test_each_view_starts_as_four_shares_that_the_process_advances(filled: Service) -> None:
    statuses = {each.subscription: each for each in filled.app.projection_statuses()}
    for name in ("users_view", "role_statistics"):
        buckets = [str(each.share.buckets) for each in statuses[name].shares]
        assert buckets == ["0..63", "64..127", "128..191", "192..255"]


async def test_an_export_streams_all_users_to_admins(filled: Service) -> None:
    for query, emails in (
        (ExportUsersQuery(), EMAILS[::-1]),
        (ExportUsersQuery(sort_by="email", sort_order=SortOrder.ASC), sorted(EMAILS)),
    ):
        async with aclosing(filled.app.stream(query, metadata=ADMIN)) as users:
            assert [user.email async for user in users] == emails


@pytest.mark.parametrize(("metadata", "error"), [(NOBODY, NotAuthenticatedError), (STRANGER, NotAuthorizedError)])
async def test_an_export_is_for_admins_only(event_service: Service, metadata: Metadata, error: type[Exception]) -> None:
    with pytest.raises(error):
        async with aclosing(event_service.app.stream(ExportUsersQuery(), metadata=metadata)) as users:
            await anext(users)
