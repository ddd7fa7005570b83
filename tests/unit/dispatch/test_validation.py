import enum
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any, NewType
from uuid import UUID, uuid4

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from duolog import Command
from duolog.dispatch.middleware.validation import message_check
from duolog.errors import InvalidMessageError
from duolog.testing import application


class Role(enum.Enum):
    USER = "user"
    ADMIN = "admin"


@dataclass(frozen=True, slots=True)
class Address:
    city: str


class Weight:
    """A class of the application that only type checkers understand."""


@dataclass(frozen=True, slots=True)
class Register(Command[str]):
    id: UUID
    email: Annotated[str, msgspec.Meta(min_length=3, max_length=12, pattern="@")]
    role: Role
    address: Address
    tags: tuple[str, ...] = ()
    age: Annotated[int, msgspec.Meta(ge=18)] | None = None
    born: datetime | None = None
    friends: list[UUID] | None = None


class Struct(msgspec.Struct, frozen=True):
    name: str


@dataclass(frozen=True, slots=True)
class Weigh:
    name: Annotated[str, msgspec.Meta(max_length=3)]
    weight: Weight


class RegisterInteractor:
    async def execute(self, cmd: Register) -> str:
        return cmd.email


def register(**fields: Any) -> Register:
    given: dict[str, Any] = {"id": uuid4(), "email": "a@b.c", "role": Role.USER, "address": Address("Rome")} | fields
    return Register(**given)


async def test_a_message_of_its_declared_types_passes() -> None:
    async with application(Register.handled_by(RegisterInteractor)) as app:
        complete = register(tags=("a",), age=18, born=datetime.now(UTC), friends=[uuid4()])
        assert await app.execute(complete) == "a@b.c"


@pytest.mark.parametrize(
    ("fields", "path"),
    [
        ({"email": 1}, "$.email"),
        ({"email": "sesame"}, "$.email"),
        ({"email": "sesame@sesame"}, "$.email"),
        ({"id": str(uuid4())}, "$.id"),
        ({"role": "user"}, "$.role"),
        ({"role": "sesame"}, "$.role"),
        ({"role": "sesame` - at `$.sesame"}, "$.role"),
        ({"address": {"city": "sesame"}}, "$.address"),
        ({"address": "sesame"}, "$.address"),
        ({"tags": ("a", 1)}, "$.tags[1]"),
        ({"age": 17}, "$.age"),
        ({"age": "18"}, "$.age"),
        ({"age": True}, "$.age"),
        ({"born": "2026-01-01T00:00:00Z"}, "$.born"),
        ({"friends": [uuid4(), str(uuid4())]}, "$.friends[1]"),
    ],
)
async def test_a_misfit_is_refused_with_its_path_and_without_its_value(fields: dict[str, Any], path: str) -> None:
    async with application(Register.handled_by(RegisterInteractor)) as app:
        with pytest.raises(InvalidMessageError) as raised:
            await app.execute(register(**fields))
    assert raised.value.path == path
    assert str(raised.value).startswith(f"Register{path.removeprefix('$')}: ")
    assert "sesame" not in str(raised.value)
    assert raised.value.__cause__ is None
    assert raised.value.__suppress_context__ or raised.value.__context__ is None


def test_a_struct_is_checked_as_well() -> None:
    check = message_check(Struct)
    assert check is not None
    check(Struct("ann"))
    with pytest.raises(InvalidMessageError, match=r"Struct.name: Expected `str`, got `int`"):
        check(Struct(1))  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]


def test_a_field_that_only_type_checkers_understand_is_taken_and_the_others_are_checked() -> None:
    check = message_check(Weigh)
    assert check is not None
    check(Weigh("ann", Weight()))
    with pytest.raises(InvalidMessageError) as raised:
        check(Weigh("anna", Weight()))
    assert raised.value.path == "$.name"


def test_a_message_without_fields_needs_no_check() -> None:
    @dataclass(frozen=True, slots=True)
    class Empty(Command[None]):
        pass

    assert message_check(Empty) is None


@given(st.text(min_size=8).filter(lambda text: text not in {"user", "admin"}))
def test_no_text_that_is_refused_for_an_enum_is_shown(text: str) -> None:
    check = message_check(Register)
    assert check is not None
    with pytest.raises(InvalidMessageError) as raised:
        check(register(role=text))
    assert str(raised.value) in {"Register.role: Invalid enum value", "Register.role: Expected `Role`, got `str`"}


UserId = NewType("UserId", UUID)


@dataclass(frozen=True, slots=True)
class Rename(Command[None]):
    id: UserId
    name: str
    age: int | None = None


class Name(str):
    __slots__ = ()


def test_values_of_exactly_the_declared_types_pass() -> None:
    check = message_check(Rename)
    assert check is not None
    check(Rename(UserId(uuid4()), "ann"))
    check(Rename(UserId(uuid4()), Name("ann"), 2**200))


@pytest.mark.parametrize(
    ("fields", "path"),
    [({"id": "1"}, "$.id"), ({"name": None}, "$.name"), ({"age": True}, "$.age"), ({"age": "1"}, "$.age")],
)
def test_one_value_of_another_type_is_refused(fields: dict[str, Any], path: str) -> None:
    given: dict[str, Any] = {"id": uuid4(), "name": "ann", "age": None} | fields
    check = message_check(Rename)
    assert check is not None
    with pytest.raises(InvalidMessageError) as raised:
        check(Rename(**given))
    assert raised.value.path == path
