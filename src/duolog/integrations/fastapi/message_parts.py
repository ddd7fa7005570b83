"""Which part of a request each field of a message comes from: the path, the query, or the body."""

import dataclasses
import re
import types
import typing
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from inspect import Parameter
from typing import Annotated, Any, Final, Union

from fastapi import Body, Path, Query
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, create_model
from pydantic.config import JsonDict

from duolog.errors import ConfigurationError, InvalidMessageError

BODY: Final = "http_body"
_PATH_NAME: Final = re.compile(r"\{(\w+)(?::\w+)?\}")
_LEAST, _MOST = -(2**63), 2**63 - 1


def _fits_in_64_bits(value: int) -> int:
    if not _LEAST <= value <= _MOST:
        message = "the number has more than 64 bits"
        raise ValueError(message)
    return value


# What a repr must not show is written, never read.
_WRITE_ONLY: Final[JsonDict] = {"writeOnly": True, "format": "password"}
# Python's whole numbers have no end, a database's do.
_Int64 = Annotated[int, AfterValidator(_fits_in_64_bits)]


@dataclass(frozen=True, slots=True)
class MessageParts:
    """How one message is made from a request.

    Attributes:
        message: its class.
        path: fields that the path holds.
        query: query parameter of each field that is one.
        body: model of the fields that the body holds, or None.
        parameters: what FastAPI has to read from the request.
    """

    message: type
    path: tuple[str, ...]
    query: Mapping[str, str]
    body: type[BaseModel] | None
    parameters: tuple[Parameter, ...]

    def make(self, values: Mapping[str, Any], given: typing.Collection[str], extra: Mapping[str, Any]) -> Any:
        """Make the message.

        Args:
            values: what FastAPI read, by parameter.
            given: names of the query parameters that the request holds; the message's defaults stand for the others.
            extra: fields that come from elsewhere, like a header.

        Raises:
            InvalidMessageError: the class refused the values with a bare `ValueError` or `TypeError`.
        """
        fields = {name: values[name] for name in self.path}
        fields.update((name, values[name]) for name, parameter in self.query.items() if parameter in given)
        body: BaseModel | None = values.get(BODY)
        if body is not None:
            fields.update((name, getattr(body, name)) for name in body.model_fields_set)
        fields.update(extra)
        try:
            return self.message(**fields)
        except (TypeError, ValueError) as error:
            if type(error) not in (TypeError, ValueError):
                raise  # a domain's own error, which says what is wrong
            # Not its text: that may hold a value.
            message = f"{self.message.__name__} refuses these values"
            raise InvalidMessageError(message) from None


def message_parts(
    message: type, path: str, *, in_body: bool, names: Mapping[str, str], elsewhere: Sequence[str] = ()
) -> MessageParts:
    """Work out which part of a request each field of ``message`` comes from.

    Args:
        message: a dataclass.
        path: the route's path, like ``/users/{user_id}``.
        in_body: fields that the path does not hold come from the body, not from the query.
        names: query parameters that are called differently from their fields.
        elsewhere: fields that come from neither.

    Raises:
        ConfigurationError: the message is no dataclass, or the path or ``names`` name no field of it.
    """
    name = message.__qualname__
    if not dataclasses.is_dataclass(message):
        text = f"{name} is not a dataclass, so a request cannot become one"
        raise ConfigurationError(text, hint="Put @dataclass(frozen=True, slots=True) above it.")
    fields = {field.name: field for field in dataclasses.fields(message) if field.init}
    in_path = tuple(_PATH_NAME.findall(path))
    unknown = [name for name in (*in_path, *names) if name not in fields]
    if unknown:
        text = f"{name} has no field {unknown[0]!r}, which the route {path!r} names"
        raise ConfigurationError(text, hint=f"Its fields are: {', '.join(fields)}.")
    hints = typing.get_type_hints(message, include_extras=True)
    rest = [field for field in fields.values() if field.name not in in_path and field.name not in elsewhere]
    parameters = [_parameter(name, Annotated[_bounded(hints[name]), Path()], Parameter.empty) for name in in_path]
    if in_body:
        body = _body_model(message, rest, hints) if rest else None
        if body is not None:
            parameters.append(_parameter(BODY, Annotated[body, Body()], Parameter.empty))
        return MessageParts(message, in_path, {}, body, tuple(parameters))
    query = {field.name: names.get(field.name, field.name) for field in rest}
    parameters.extend(
        _parameter(field.name, Annotated[_bounded(hints[field.name]), Query(alias=query[field.name])], _default(field))
        for field in rest
    )
    return MessageParts(message, in_path, query, None, tuple(parameters))


def _parameter(name: str, annotation: Any, default: Any) -> Parameter:
    return Parameter(name, Parameter.KEYWORD_ONLY, annotation=annotation, default=default)


def _body_model(message: type, fields: Sequence[dataclasses.Field[Any]], hints: Mapping[str, Any]) -> type[BaseModel]:
    members: dict[str, Any] = {}
    for field in fields:
        default = _default(field)
        hint = _bounded(hints[field.name])
        if not field.repr:
            hint = Annotated[hint, Field(json_schema_extra=_WRITE_ONLY)]
        members[field.name] = (hint, ... if default is Parameter.empty else default)
    model: type[BaseModel] = create_model(
        f"{message.__name__}Body", __config__=ConfigDict(extra="forbid", hide_input_in_errors=True), **members
    )
    return model


def _default(field: dataclasses.Field[Any]) -> Any:
    if field.default is not dataclasses.MISSING:
        return field.default
    return field.default_factory() if field.default_factory is not dataclasses.MISSING else Parameter.empty


def _bounded(hint: Any) -> Any:
    if hint is int:
        return _Int64
    if typing.get_origin(hint) in (Union, types.UnionType):
        return Union[tuple(_bounded(member) for member in typing.get_args(hint))]  # noqa: UP007 - made at run time
    return hint
