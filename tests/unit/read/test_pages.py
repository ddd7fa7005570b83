from dataclasses import FrozenInstanceError, dataclass
from uuid import UUID

import msgspec
import pytest
from pydantic import TypeAdapter

from duolog.errors import LimitOutOfRangeError
from duolog.read.limits import Limits
from duolog.read.pages import CursorPage, PaginatedResult


@dataclass(frozen=True, slots=True)
class UserDTO:
    id: UUID


USERS = [UserDTO(UUID(int=1)), UserDTO(UUID(int=2))]


@pytest.mark.parametrize(
    ("offset", "total", "has_next", "has_prev"),
    [(0, 2, False, False), (0, 3, True, False), (1, 3, False, True), (1, 4, True, True), (9, 3, False, True)],
)
def test_a_page_knows_whether_others_come_before_and_after(
    *, offset: int, total: int, has_next: bool, has_prev: bool
) -> None:
    page = PaginatedResult(items=USERS, total=total, limit=2, offset=offset)
    assert (page.has_next, page.has_prev) == (has_next, has_prev)


def test_an_empty_page_before_the_end_has_no_next_page_only_when_nothing_follows() -> None:
    assert not PaginatedResult[UserDTO](items=[], total=0, limit=2, offset=0).has_next


def test_a_page_can_be_made_with_its_item_type_and_is_frozen() -> None:
    page = PaginatedResult[UserDTO](items=USERS, total=2, limit=2, offset=0)
    with pytest.raises(FrozenInstanceError):
        page.total = 3  # type: ignore[misc]  # pyright: ignore[reportAttributeAccessIssue]
    assert CursorPage[UserDTO](USERS, 2).next_cursor is None


def test_msgspec_and_pydantic_write_the_same_json_with_the_computed_fields() -> None:
    page = PaginatedResult(items=USERS, total=5, limit=2, offset=2)
    by_msgspec = msgspec.json.encode(page)
    assert TypeAdapter(PaginatedResult[UserDTO]).dump_json(page) == by_msgspec
    assert msgspec.json.decode(by_msgspec)["has_next"] is True
    assert msgspec.json.decode(by_msgspec, type=PaginatedResult[UserDTO]) == page


def test_a_cursor_page_is_json_ready() -> None:
    page = CursorPage(USERS, 2, next_cursor="abc")
    by_msgspec = msgspec.json.encode(page)
    assert TypeAdapter(CursorPage[UserDTO]).dump_json(page) == by_msgspec
    assert msgspec.json.decode(by_msgspec, type=CursorPage[UserDTO]) == page


@pytest.mark.parametrize(("limit", "offset"), [(1, 0), (200, 2**31)])
def test_limits_at_the_edges_are_allowed(limit: int, offset: int) -> None:
    Limits().check(limit, offset)


@pytest.mark.parametrize(
    ("limit", "offset", "name"),
    [(0, 0, "limit"), (-1, 0, "limit"), (201, 0, "limit"), (1, -1, "offset"), (1, 2**31 + 1, "offset")],
)
def test_limits_out_of_range_are_refused_with_the_range(limit: int, offset: int, name: str) -> None:
    with pytest.raises(LimitOutOfRangeError, match="between") as refused:
        Limits().check(limit, offset)
    assert refused.value.name == name
