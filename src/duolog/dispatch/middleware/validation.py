"""Middleware `validation`: a message's fields have their declared types and constraints."""

import dataclasses
import typing
from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

import msgspec

from duolog.dispatch.context import MessageContext
from duolog.dispatch.pipeline import Call
from duolog.errors import InvalidMessageError
from duolog.messages.binding import Binding

# Objects of these types are taken as they are, and never made out of text.
_AS_THEY_ARE: Final = (UUID, Decimal, datetime, date, time, timedelta, bytes)


class ValidationMiddleware:
    """Checks every dataclass or struct message against its annotations, before anything else sees it.

    Constraints are declared with ``Annotated[str, msgspec.Meta(max_length=100)]``. The values are never shown.
    """

    name = "validation"

    def build(self, binding: Binding[Any, Any], proceed: Call) -> Call:
        """Wrap the rest of the pipeline; a message without fields to check is not wrapped."""
        check = message_check(binding.message)
        if check is None:
            return proceed

        async def call(context: MessageContext) -> object:
            check(context.message)
            return await proceed(context)

        return call


def message_check(message_type: type) -> Callable[[object], None] | None:
    """Make the function that checks messages of a type, or None if the type has no fields that can be checked.

    Returns:
        A function that raises `InvalidMessageError`.
    """
    names = _field_names(message_type)
    if not names:
        return None
    hints = typing.get_type_hints(message_type, include_extras=True)
    try:
        shape = msgspec.defstruct(message_type.__name__, [(name, hints[name]) for name in names])
        msgspec.json.schema_components([shape])
    except (TypeError, RuntimeError):  # a union that msgspec cannot tell apart: the type checker has the say
        return None

    def check(message: object) -> None:
        values = {name: getattr(message, name) for name in names}
        try:
            checked = msgspec.convert(values, shape, builtin_types=_AS_THEY_ARE)
        except msgspec.ValidationError as error:
            text, _, path = str(error).partition(" - at `")
            described = f"{message_type.__name__}{path.rstrip('`').removeprefix('$')}: {text}"
            raise InvalidMessageError(described, path=path.rstrip("`")) from None
        for name, value in values.items():
            if type(value) is str and type(getattr(checked, name)) is not str:
                described = f"{message_type.__name__}.{name}: Expected `{hints[name]}`, got `str`"
                raise InvalidMessageError(described, path=f"$.{name}")

    return check


def _field_names(message: Any) -> tuple[str, ...]:
    if dataclasses.is_dataclass(message):
        return tuple(field.name for field in dataclasses.fields(message))
    return tuple(getattr(message, "__struct_fields__", ()))
