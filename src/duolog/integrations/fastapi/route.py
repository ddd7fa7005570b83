"""What a route is made of, worked out from its message."""

import dataclasses
import typing
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from inspect import Parameter
from typing import Annotated, Any, Final, TypedDict

from fastapi import Header

from duolog.application.application import Application
from duolog.codec.result_codec import ResultCodec
from duolog.errors import (
    ConfigurationError,
    ConflictError,
    DatabaseBusyError,
    DatabaseFullError,
    IdempotencyInFlightError,
    IdempotencyKeyReusedError,
    MissingHandlerError,
    OutcomeUnknownError,
    RolledBackError,
    TimeLimitExceededError,
    UnreadableAnswerError,
)
from duolog.integrations.fastapi.live_answer import LAST_EVENT_ID
from duolog.integrations.fastapi.location import check_location
from duolog.integrations.fastapi.message_endpoint import (
    EXPECTED_VERSION,
    IDEMPOTENCY_KEY,
    NO_CONTENT,
    POSITION,
    REPLAYED,
    CommandEndpoint,
    Endpoint,
)
from duolog.integrations.fastapi.message_parts import message_parts
from duolog.integrations.fastapi.problems import (
    BAD_HEADER,
    BODY_TOO_LARGE,
    ENCODED_BODY,
    INTERNAL,
    INVALID_REQUEST,
    NOT_JSON,
    PRECONDITION_FAILED,
    PROBLEMS,
    Problem,
)
from duolog.integrations.fastapi.request_parameters import AFTER
from duolog.integrations.fastapi.results import documented
from duolog.messages.binding import Binding, MessageKind
from duolog.messages.result_type import result_type

OK: Final = 200
_CREATED: Final = 201

ALWAYS: Final = (INVALID_REQUEST, INTERNAL, PROBLEMS[DatabaseBusyError], PROBLEMS[TimeLimitExceededError])
_OF_COMMANDS: Final = tuple(
    PROBLEMS[error] for error in (ConflictError, DatabaseFullError, OutcomeUnknownError, RolledBackError)
)
_OF_KEYS: Final = (
    BAD_HEADER,
    *(PROBLEMS[error] for error in (IdempotencyInFlightError, IdempotencyKeyReusedError, UnreadableAnswerError)),
)
_KEYED_METHODS: Final = frozenset({"POST", "PATCH", "DELETE"})
_OF_BODIES: Final = (BODY_TOO_LARGE, ENCODED_BODY, NOT_JSON)
_OF_VERSIONS: Final = (BAD_HEADER, PRECONDITION_FAILED)

_REQUEST_HEADERS: Final = {
    IDEMPOTENCY_KEY: "1 to 255 visible ASCII characters. The request takes effect once, however often it is sent.",
    "If-Match": "The entity tag that it must still have; 412 if it has another.",
    "If-None-Match": "The entity tag that is known already; 304 if it still has it.",
    AFTER: f"A {POSITION} that the answer must include.",
    LAST_EVENT_ID: "Of a live stream: the id of the last event; the answer is not sent again if it is the same.",
}
HEADERS: Final = {
    "ETag": "The version, as an entity tag; or one that stands for the question and the state of its views.",
    REPLAYED: f"`true` if a request with the same {IDEMPOTENCY_KEY} took effect before, and this is its answer.",
    "Link": "The next and the previous page (RFC 8288).",
    "Location": "Where it can be read.",
    POSITION: f"Where the change is in the log; {AFTER} takes it. Missing if nothing changed.",
}


class CommandOptions(TypedDict, total=False):
    """What can be said about a route that executes a command.

    Attributes:
        status: of the answer; by default 204 without a result, 201 with a location, else 200.
        location: template of the ``Location`` header over the path's fields, ``id`` and the result's fields.
        show: makes what is answered of the command's result, like a token; its return annotation is documented.
        anonymous: it needs no actor.
        idempotent: an ``Idempotency-Key`` makes it take effect once (POST, PATCH and DELETE). Say False where an
            answer must not be given again, like that of a sign-in, or where its result cannot be stored.
        raises: the application's errors that it may raise, for the OpenAPI document.
    """

    status: int
    location: str
    show: Callable[[Any], object]
    anonymous: bool
    idempotent: bool
    raises: Sequence[type[Exception]]


@dataclass(frozen=True, slots=True)
class Route:
    """One route.

    Attributes:
        method: GET, HEAD, POST, PUT, PATCH or DELETE.
        path: its path, like ``/users/{user_id}``.
        endpoint: answers its requests.
        binding: the message behind it.
        parameters: what FastAPI reads from the request.
        has_body: a JSON body is expected.
        status: of the answer.
        model: of the answer, or None.
        headers: of the answer, by name what each says.
        problems: how errors are answered.
        anonymous: it needs no actor.
        raises: the application's own errors that it may raise.
        media: the media types that it can be answered in beside JSON.
    """

    method: str
    path: str
    endpoint: Endpoint
    binding: Binding[Any, Any]
    parameters: Sequence[Parameter]
    has_body: bool
    status: int
    model: Any
    headers: Mapping[str, str]
    problems: Sequence[Problem]
    anonymous: bool
    raises: Sequence[type[Exception]]
    media: Sequence[str] = ()


def command_route(app: Application, method: str, path: str, command: type, options: CommandOptions) -> Route:
    """Work out the route of a command.

    Raises:
        ConfigurationError: the command has no handler, the path or the location does not fit it, or its result cannot
            be stored for an ``Idempotency-Key``.
    """
    binding = binding_of(app, command, MessageKind.COMMAND)
    takes_key = method in _KEYED_METHODS and options.get("idempotent", True)
    if takes_key:
        _check_storable(binding)
    takes_version = any(field.name == EXPECTED_VERSION for field in dataclasses.fields(command))
    elsewhere = (EXPECTED_VERSION,) if takes_version else ()
    parts = message_parts(command, path, in_body=method != "DELETE", names={}, elsewhere=elsewhere)
    location = options.get("location")
    if location is not None:
        check_location(location, path, result_type(binding))
    show = options.get("show", _as_it_is)
    answer = typing.get_type_hints(show).get("return", Any) if "show" in options else result_type(binding)
    default = NO_CONTENT if answer in (None, type(None)) else _CREATED if location else OK
    status = options.get("status", default)
    shown = [
        POSITION,
        *([REPLAYED] if takes_key else []),
        *(["Location"] if location else []),
        *([] if status == NO_CONTENT else ["ETag"]),
    ]
    return Route(
        method,
        path,
        CommandEndpoint(app, binding, parts, status, location, show, takes_version=takes_version, takes_key=takes_key),
        binding,
        [
            *parts.parameters,
            *([request_header("If-Match")] if takes_version else []),
            *([request_header(IDEMPOTENCY_KEY)] if takes_key else []),
        ],
        has_body=parts.body is not None,
        status=status,
        model=None if status == NO_CONTENT else documented(answer, binding.name),
        headers={name: HEADERS[name] for name in shown},
        problems=[
            *ALWAYS,
            *_OF_COMMANDS,
            *(_OF_BODIES if parts.body is not None else ()),
            *(_OF_VERSIONS if takes_version else ()),
            *(_OF_KEYS if takes_key else ()),
        ],
        anonymous=options.get("anonymous", False),
        raises=options.get("raises", ()),
    )


def binding_of(app: Application, message: type, kind: MessageKind) -> Binding[Any, Any]:
    """Return the binding of a message.

    Raises:
        ConfigurationError: it has no handler, or is of another kind.
    """
    binding = app.bindings.get(message)
    if binding is None:
        text = f"{message.__qualname__} has a route, but no handler"
        raise MissingHandlerError(text, hint="Add its binding to Application(handlers=[...]).")
    if binding.kind is not kind:
        text = f"{message.__qualname__} is a {binding.kind.value}, not a {kind.value}"
        raise ConfigurationError(text, hint="get() and head() take queries, the other methods commands.")
    return binding


def _check_storable(binding: Binding[Any, Any]) -> None:
    try:
        ResultCodec(binding.name, result_type(binding))
    except ConfigurationError as error:
        hint = f"{error.hint} Or say `idempotent=False` at its route."
        raise ConfigurationError(error.message, hint=hint) from None


def _as_it_is(result: Any) -> object:
    return result


def request_header(name: str) -> Parameter:
    """Return the parameter by which FastAPI reads and documents a header."""
    annotation = Annotated[str | None, Header(alias=name, description=_REQUEST_HEADERS[name])]
    parameter = "http_" + name.lower().replace("-", "_")  # a message may have a field of the header's own name
    return Parameter(parameter, Parameter.KEYWORD_ONLY, annotation=annotation, default=None)
