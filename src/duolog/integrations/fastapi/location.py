"""The template of a route's ``Location`` header, checked when the route is made."""

import dataclasses
import typing
from collections.abc import Mapping
from string import Formatter
from typing import Any, cast

import msgspec

from duolog.errors import ConfigurationError


def check_location(location: str, path: str, result: Any) -> None:
    """Refuse a template that names what an answer will not have; it would fail after the command had its effect.

    Args:
        location: the template, like ``/users/{id}``.
        path: the route's path, whose parameters it may name.
        result: the type of the command's result, whose fields it may name; ``id`` for a bare id.

    Raises:
        ConfigurationError: it names something else.
    """
    names = _result_fields(result)
    if names is None:
        return  # what a mapping has is known only when it is there
    known = _fields(path) | names
    unknown = sorted(_fields(location) - known)
    if unknown:
        message = f"location={location!r} names {', '.join(unknown)}, which the answer does not have"
        raise ConfigurationError(message, hint=f"It has: {', '.join(sorted(known))}.")


def _fields(template: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(template) if name is not None}


def _result_fields(result: Any) -> set[str] | None:
    if dataclasses.is_dataclass(result) or typing.is_typeddict(result) or _is_subclass(result, msgspec.Struct):
        hints: dict[str, Any] = typing.get_type_hints(cast("Any", result))
        return set(hints)
    return None if _is_subclass(result, Mapping) else {"id"}


def _is_subclass(given: Any, base: type[Any]) -> bool:
    return isinstance(given, type) and issubclass(cast("type[Any]", given), base)
