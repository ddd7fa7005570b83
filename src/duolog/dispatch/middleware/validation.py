"""Middleware `validation`: a message's fields have their declared types and constraints."""

import dataclasses
import re
import types
import typing
from collections.abc import Callable, Sequence
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from itertools import repeat
from typing import Any, Final
from uuid import UUID

import msgspec

from duolog.dispatch.context import MessageContext
from duolog.dispatch.pipeline import Call
from duolog.errors import ConfigurationError, InvalidMessageError
from duolog.messages.binding import Binding

# Objects of these types are taken as they are, and never made out of text.
_AS_THEY_ARE: Final = (UUID, Decimal, datetime, date, time, timedelta, bytes)

# What msgspec converts to these is of the type it was, so that it need not be looked at again.
_NEVER_MADE_OF_OTHERS: Final = frozenset((str, int, float, bool, *_AS_THEY_ARE))

_AT: Final = re.compile(r"(?P<text>.*) - at (?:`key` in )?`(?P<path>\$[^`]*)`", re.DOTALL)
_QUOTED_VALUE: Final = re.compile(r"(Invalid [a-z ]*value) .*", re.DOTALL)


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

    A field whose type only the type checker understands (a class of the application, a union of two classes) is taken
    as it is; the others are checked.

    Returns:
        A function that raises `InvalidMessageError`.

    Raises:
        ConfigurationError: an annotation cannot be resolved.
    """
    name = message_type.__name__
    hints = _hints(message_type)
    checkable = {field: hints[field] for field in _field_names(message_type) if _is_checkable(hints[field])}
    if not checkable:
        return None
    shape = msgspec.defstruct(name, list(checkable.items()))
    convertible = [field for field, hint in checkable.items() if not _is_plain(hint)]

    def check(message: object) -> None:
        values: dict[str, object] = {field: getattr(message, field) for field in checkable}
        try:
            checked = msgspec.convert(values, shape, builtin_types=_AS_THEY_ARE)
        except msgspec.ValidationError as error:
            path, text = _explained(str(error))
            described = f"{name}{path.removeprefix('$')}: {text}"
            raise InvalidMessageError(described, path=path) from None
        for field in convertible:
            # msgspec makes enums of their values and objects of dicts; a message's fields have their types already.
            given = type(values[field])
            if issubclass(given, (str, dict)) and type(getattr(checked, field)) is not given:
                described = f"{name}.{field}: Expected `{_shown(hints[field])}`, got `{given.__name__}`"
                raise InvalidMessageError(described, path=f"$.{field}")

    fitting = [_fitting_types(hint) for hint in checkable.values()]
    return check if None in fitting else _unless_exact(tuple(checkable), fitting, check)


def _unless_exact(
    fields: Sequence[str], fitting: Sequence[Any], check: Callable[[object], None]
) -> Callable[[object], None]:
    """Spare a message the check whose fields are of exactly the types that fit, which is far quicker to see."""
    fits = frozenset[type].__contains__

    def check_unless_exact(message: object) -> None:
        if not all(map(fits, fitting, map(type, map(getattr, repeat(message), fields)))):
            check(message)

    return check_unless_exact


def _fitting_types(hint: Any) -> frozenset[type] | None:
    """Return the types whose own instances fit a hint, whatever their value; None if the value matters."""
    while isinstance(hint, typing.NewType):
        hint = hint.__supertype__
    choices = typing.get_args(hint) if typing.get_origin(hint) in (typing.Union, types.UnionType) else (hint,)
    given = [choice for choice in choices if choice is not types.NoneType]
    is_simple = len(given) == 1 and isinstance(given[0], type) and given[0] in _NEVER_MADE_OF_OTHERS
    return frozenset(choices) if is_simple else None


def _hints(message_type: type) -> dict[str, Any]:
    try:
        return typing.get_type_hints(message_type, include_extras=True)
    except NameError as error:
        message = f"an annotation of {message_type.__module__}.{message_type.__qualname__} cannot be resolved: {error}"
        raise ConfigurationError(message, hint="Import what it names in the module that names it.") from error


def _is_checkable(hint: Any) -> bool:
    try:
        msgspec.json.schema(hint)
    except (TypeError, RuntimeError):
        return False
    return True


def _is_plain(hint: Any) -> bool:
    return (hint.__origin__ if typing.get_origin(hint) is typing.Annotated else hint) in _NEVER_MADE_OF_OTHERS


def _explained(error: str) -> tuple[str, str]:
    """Split msgspec's text into path and reason, without the value that it quotes for enums and tags."""
    found = _AT.fullmatch(error)
    text, path = (found["text"], found["path"]) if found else (error, "")
    return path, _QUOTED_VALUE.sub(r"\1", text)


def _shown(hint: Any) -> str:
    return hint.__name__ if isinstance(hint, type) else str(hint)


def _field_names(message: Any) -> tuple[str, ...]:
    if dataclasses.is_dataclass(message):
        return tuple(field.name for field in dataclasses.fields(message))
    return tuple(getattr(message, "__struct_fields__", ()))
