from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from enum import Enum
from typing import NotRequired, TypedDict
from uuid import UUID

import msgspec
import pytest

from duolog.errors import StatementError
from duolog.tables.rows import decode_rows

USER_ID = UUID("01890a5d-ac96-774b-bcce-b302099a8057")
COLUMNS = ("id", "active", "at", "price", "role")
ROW = (str(USER_ID), 1, "2026-01-02T03:04:05.000006+00:00", "1.10", "admin")


class Role(Enum):
    USER = "user"
    ADMIN = "admin"


@dataclass(frozen=True, slots=True)
class UserRow:
    id: UUID
    active: bool
    at: datetime
    price: Decimal
    role: Role
    name: str | None = None


class UserStruct(msgspec.Struct, frozen=True):
    id: UUID
    active: bool
    at: datetime
    price: Decimal
    role: Role


class UserDict(TypedDict):
    id: UUID
    active: bool
    at: datetime
    price: Decimal
    role: Role
    name: NotRequired[str]


AT = datetime(2026, 1, 2, 3, 4, 5, 6, tzinfo=UTC)


def test_rows_become_what_the_dto_declares() -> None:
    assert decode_rows(COLUMNS, [ROW, ROW], UserRow) == [UserRow(USER_ID, True, AT, Decimal("1.10"), Role.ADMIN)] * 2  # noqa: FBT003 - a field
    (struct,) = decode_rows(COLUMNS, [ROW], UserStruct)
    assert struct == UserStruct(USER_ID, active=True, at=AT, price=Decimal("1.10"), role=Role.ADMIN)
    (mapping,) = decode_rows(COLUMNS, [ROW], UserDict)
    assert mapping == {"id": USER_ID, "active": True, "at": AT, "price": Decimal("1.10"), "role": Role.ADMIN}


def test_no_rows_are_no_dtos() -> None:
    assert decode_rows(COLUMNS, [], UserRow) == []


@pytest.mark.parametrize(
    ("place", "value"),
    [("id", "secret"), ("active", "secret"), ("at", "secret"), ("price", "secret"), ("role", "secret - at `$`")],
)
def test_a_row_that_does_not_fit_is_named_by_field_not_by_value(place: str, value: object) -> None:
    row = tuple(value if name == place else old for name, old in zip(COLUMNS, ROW, strict=True))
    with pytest.raises(StatementError, match=rf"UserRow.*\.{place}`") as caught:
        decode_rows(COLUMNS, [ROW, row], UserRow)
    assert "secret" not in str(caught.value)
    assert caught.value.__suppress_context__


def test_a_missing_column_is_named() -> None:
    with pytest.raises(StatementError, match="role") as caught:
        decode_rows(COLUMNS[:-1], [ROW[:-1]], UserRow)
    assert "id, active, at, price" in caught.value.hint


def test_null_does_not_fit_a_field_that_must_have_a_value() -> None:
    with pytest.raises(StatementError, match=r"\.id"):
        decode_rows(COLUMNS, [(None, *ROW[1:])], UserRow)
