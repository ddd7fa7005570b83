"""Rows as JSON without objects in between: what the driver gave goes to the encoder, in the DTO's form.

The text is that of the objects, byte for byte: where that is not certain from the types, the objects are made.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import fields, is_dataclass
from datetime import date, datetime
from decimal import Decimal
from functools import lru_cache
from types import MappingProxyType
from typing import Any, Final
from uuid import UUID

import msgspec
from msgspec import inspect

from duolog.tables.dto_fields import DtoField, dto_fields

_Convert = Callable[[Any], Any]
_STORED_LENGTH: Final = len("2026-01-31T10:20:30.123456+00:00")


def _as_it_is(value: Any) -> Any:
    return value


def _stored_time(text: str) -> object:
    """Return what a stored time becomes; see `stored_value` for its form."""
    if len(text) == _STORED_LENGTH and text.endswith("+00:00") and text[10] == "T":
        return f"{text[:19]}Z" if text[19:26] == ".000000" else f"{text[:26]}Z"
    return msgspec.convert(text, datetime, strict=False)


# By a field's type, the types of values whose JSON is known, and what makes the value of it that is encoded.
_KNOWN: Final[Mapping[type[inspect.Type], Mapping[type, _Convert]]] = MappingProxyType(
    {
        inspect.StrType: {str: _as_it_is},
        inspect.IntType: {int: _as_it_is},
        inspect.FloatType: {float: _as_it_is, int: float},
        inspect.BoolType: {bool: _as_it_is, int: {0: False, 1: True}.__getitem__},
        inspect.UUIDType: {UUID: _as_it_is, str: UUID},
        inspect.DateTimeType: {datetime: _as_it_is, str: _stored_time},
        inspect.DateType: {date: _as_it_is, str: date.fromisoformat},
        inspect.DecimalType: {Decimal: _as_it_is, str: Decimal},
        inspect.BytesType: {bytes: _as_it_is},
    }
)


def json_rows(columns: Sequence[str], rows: Sequence[Iterable[Any]], like: type) -> list[dict[str, Any]] | None:
    """Return rows as mappings whose JSON is that of DTOs made from them.

    Args:
        columns: the columns' names.
        rows: the rows' values.
        like: the DTO; what it says of values beyond their types, like lengths, is checked as ever.

    Returns:
        None where the objects have to be made to know: columns that are no fields, values of other types.
    """
    plan = _plan(like)
    if plan is None or len(plan) != len(columns) or any(name not in plan for name in columns):
        return None
    values = dict(zip(columns, zip(*rows, strict=True), strict=True)) if rows else {}
    try:
        prepared = [_prepared(values[name], kinds) for name, kinds in plan.items()] if values else []
    except (ValueError, KeyError, ArithmeticError, msgspec.MsgspecError):
        return None
    return [dict(zip(plan, row, strict=True)) for row in zip(*prepared, strict=True)]


def _prepared(values: Sequence[Any], kinds: Mapping[type, _Convert]) -> Sequence[Any]:
    converts = {kind: _convert(kind, kinds) for kind in set(map(type, values))}
    if all(convert is _as_it_is for convert in converts.values()):
        return values
    return [converts[type(value)](value) for value in values]


def _convert(kind: type, kinds: Mapping[type, _Convert]) -> _Convert:
    convert = kinds.get(kind)
    if convert is None and issubclass(kind, UUID):  # a driver has its own
        convert = kinds.get(UUID)
    if convert is None:
        raise KeyError(kind)
    return convert


@lru_cache(maxsize=1_024)
def _plan(like: type) -> Mapping[str, Mapping[type, _Convert]] | None:
    """Return how each field's column is prepared; None for a DTO that is written in a form of its own."""
    if _makes_fields(like):
        return None
    config = getattr(like, "__struct_config__", None)
    if config is not None and (config.array_like or config.tag is not None or config.omit_defaults):
        return None
    declared = dto_fields(like)
    return None if any(field.is_document for field in declared) else {field.name: _kinds(field) for field in declared}


def _makes_fields(like: type) -> bool:
    return hasattr(like, "__post_init__") or (is_dataclass(like) and not all(field.init for field in fields(like)))


def _kinds(field: DtoField) -> Mapping[type, _Convert]:
    kinds = field.type.types if isinstance(field.type, inspect.UnionType) else (field.type,)
    wanted = [kind for kind in kinds if not isinstance(kind, inspect.NoneType)]
    missing: dict[type, _Convert] = {type(None): _as_it_is} if len(wanted) < len(kinds) else {}
    if len(wanted) == 1 and type(wanted[0]) in _KNOWN and wanted[0] == type(wanted[0])():  # it says no more than that
        return {**_KNOWN[type(wanted[0])], **missing}
    return {}
