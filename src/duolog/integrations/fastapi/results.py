"""What a handler returns, as JSON and in the OpenAPI document."""

import dataclasses
import types
import typing
from collections.abc import Mapping
from typing import Any, Union

import msgspec
from fastapi.encoders import jsonable_encoder
from pydantic import BaseModel, create_model

from duolog.messages.binding import Binding
from duolog.messages.result_type import result_type
from duolog.read.json_answer import Json, without_json
from duolog.read.pages import CursorPage, OffsetPage, PaginatedResult


def encode_result(result: object) -> bytes:
    """Encode a result as JSON; a bare id, text or number becomes ``{"id": ...}``."""
    if isinstance(result, Json):
        return result.encode()
    return msgspec.json.encode(result if _is_object(result) else {"id": result}, enc_hook=jsonable_encoder)


def member(result: object, name: str) -> Any:
    """Return a member of a result, whether it is an object or a mapping; None if it has none, or is a bare value."""
    if not _is_object(result):
        return None  # a UUID has a `version` too
    if isinstance(result, Mapping):
        return typing.cast("Mapping[str, Any]", result).get(name)
    return getattr(result, name, None)


def result_fields(result: object) -> dict[str, Any]:
    """Return what a path template may name: ``id`` of a bare id, else the result's members."""
    if not _is_object(result):
        return {"id": result}
    fields: dict[str, Any] = msgspec.to_builtins(result, enc_hook=jsonable_encoder)
    return fields


def documented(kind: Any, name: str) -> Any:
    """Return the model that the OpenAPI document shows for an answer, or None for none.

    Args:
        kind: the answer's type.
        name: of the message that is answered.
    """
    if typing.get_origin(kind) in (Union, types.UnionType):
        kind = Union[tuple(each for each in typing.get_args(kind) if each is not type(None))]  # noqa: UP007 - made at run time
    if kind in (None, type(None), bool):
        return None
    plain = typing.get_origin(kind) or kind
    if isinstance(plain, type) and issubclass(plain, msgspec.Struct):
        return Any  # pydantic, which writes the document, cannot read it
    if kind is Any or _is_object_type(plain):
        return kind
    return create_model(f"{name}Result", id=(kind, ...))


def answered_type(binding: Binding[Any, Any]) -> Any:
    """Return the type of what a query is answered with, whether as objects or as `Json`."""
    return without_json(result_type(binding))


def may_be_missing(binding: Binding[Any, Any]) -> bool:
    """Tell whether a query may answer that there is no such thing: with None or False."""
    kind = answered_type(binding)
    return kind is bool or type(None) in typing.get_args(kind)


def is_page(binding: Binding[Any, Any]) -> bool:
    """Tell whether a query is answered with a page."""
    return typing.get_origin(answered_type(binding)) in (PaginatedResult, OffsetPage, CursorPage)


def has_version(binding: Binding[Any, Any]) -> bool:
    """Tell whether what a query is answered with has a version, which becomes its entity tag."""
    kind = answered_type(binding)
    kinds = typing.get_args(kind) if typing.get_origin(kind) in (Union, types.UnionType) else (kind,)
    return any("version" in getattr(each, "__annotations__", {}) for each in kinds)


def _is_object(result: object) -> bool:
    return _is_object_type(type(result))


def _is_object_type(kind: Any) -> bool:
    return (
        dataclasses.is_dataclass(kind)
        or typing.is_typeddict(kind)
        or (isinstance(kind, type) and issubclass(kind, (msgspec.Struct, BaseModel, Mapping, list, tuple)))
    )
