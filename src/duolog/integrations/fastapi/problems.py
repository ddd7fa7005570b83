"""Errors as HTTP answers: problem documents (RFC 9457), and which status each error of duolog gets."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, Final

from starlette.responses import Response

from duolog.errors import (
    AfterTimeoutError,
    ConflictError,
    DatabaseBusyError,
    DatabaseFullError,
    DuologError,
    ForeignTokenError,
    IdempotencyInFlightError,
    IdempotencyKeyReusedError,
    IdempotencyKeyTakenError,
    InvalidCursorError,
    InvalidMessageError,
    InvalidSortOrderError,
    LimitOutOfRangeError,
    LogClosedError,
    NotAuthenticatedError,
    NotAuthorizedError,
    NotStartedError,
    OutcomeUnknownError,
    PayloadError,
    PositionAheadOfLogError,
    RolledBackError,
    StreamNameError,
    TimeLimitExceededError,
    TooManyWatchersError,
    UnknownFieldError,
    UnreadableAnswerError,
    UnstorableValueError,
    ViewParkedError,
)
from duolog.write.repository import AggregateNotFoundError

MEDIA_TYPE: Final = "application/problem+json"
_TYPE_PREFIX: Final = "urn:duolog:problem:"


@dataclass(frozen=True, slots=True)
class Problem:
    """How one kind of error is answered.

    Attributes:
        status: the HTTP status.
        name: kebab-case name, the end of its type URI: ``email-taken`` gives ``urn:duolog:problem:email-taken``.
        title: what it means, the same for every occurrence.
        headers: headers that the answer carries.
        members: reads further members of the document from the error.
        shows_message: the error's message becomes the document's ``detail``.
    """

    status: int
    name: str
    title: str
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    members: Callable[[Any], Mapping[str, object]] | None = None
    shows_message: bool = True

    @property
    def type(self) -> str:
        """Its type URI."""
        return _TYPE_PREFIX + self.name


class RequestRefusedError(DuologError):
    """A request was refused before any message was sent.

    Attributes:
        problem: how it is answered.
        members: further members of the document.
    """

    def __init__(self, problem: Problem, message: str = "", *, members: Mapping[str, object] | None = None) -> None:
        super().__init__(message)
        self.problem = problem
        self.members = members or {}


BAD_HEADER: Final = Problem(400, "bad-header", "A request header is malformed")
BODY_TOO_LARGE: Final = Problem(413, "body-too-large", "The body is too large", headers={"Connection": "close"})
BODY_TOO_SLOW: Final = Problem(408, "body-too-slow", "The body did not arrive in time", headers={"Connection": "close"})
CUT_OFF: Final = Problem(
    503,
    "cut-off",
    "The service stopped before it had an answer; look before you send it again",
    headers={"Connection": "close"},
)
ENCODED_BODY: Final = Problem(
    415, "encoded-body", "The body must not be compressed", headers={"Accept-Encoding": "identity"}
)
INTERNAL: Final = Problem(500, "internal", "Something went wrong on the server", shows_message=False)
INVALID_REQUEST: Final = Problem(422, "invalid-request", "The request does not have the expected form")
NOT_AUTHENTICATED: Final = Problem(
    401, "not-authenticated", "This needs a valid bearer token", headers={"WWW-Authenticate": "Bearer"}
)
NOT_FOUND: Final = Problem(404, "not-found", "There is no such thing")
NOT_JSON: Final = Problem(415, "not-json", "The body must be application/json", headers={"Accept": "application/json"})
PRECONDITION_FAILED: Final = Problem(412, "precondition-failed", "It has changed since; read it again")
UNKNOWN_PARAMETER: Final = Problem(422, "unknown-parameter", "The request has an unknown query parameter")

_AGAIN: Final = {"Retry-After": "1"}
_IN_FLIGHT: Final = Problem(
    409, "idempotency-key-in-flight", "A request with this Idempotency-Key is being executed", headers=_AGAIN
)
_UNSTORABLE: Final = Problem(422, "unstorable-values", "The request's values cannot be stored")

PROBLEMS: Final[Mapping[type[Exception], Problem]] = {
    AggregateNotFoundError: NOT_FOUND,
    AfterTimeoutError: Problem(
        504,
        "after-timeout",
        "The view did not reach the asked position in time",
        headers=_AGAIN,
        members=lambda error: {"position": error.position},
    ),
    ConflictError: Problem(
        409,
        "conflict",
        "Somebody else changed it at the same time; nothing was changed by this request",
        headers=_AGAIN,
        shows_message=False,
    ),
    DatabaseBusyError: Problem(503, "database-busy", "The database is busy", headers=_AGAIN, shows_message=False),
    DatabaseFullError: Problem(507, "database-full", "The database has no room left", shows_message=False),
    DuologError: INTERNAL,
    ForeignTokenError: Problem(400, "foreign-position", "The position or cursor does not belong to this log"),
    IdempotencyInFlightError: _IN_FLIGHT,
    IdempotencyKeyReusedError: Problem(
        422, "idempotency-key-reused", "The Idempotency-Key was used for another request"
    ),
    IdempotencyKeyTakenError: _IN_FLIGHT,
    InvalidCursorError: Problem(400, "invalid-cursor", "The cursor is not one of this list"),
    InvalidMessageError: Problem(
        422, "invalid-message", "The request's values are not allowed", members=lambda error: {"path": error.path}
    ),
    InvalidSortOrderError: Problem(422, "invalid-sort-order", "The order is neither ascending nor descending"),
    LimitOutOfRangeError: Problem(
        422,
        "limit-out-of-range",
        "A limit or an offset is out of range",
        members=lambda error: {"parameter": error.name, "least": error.least, "most": error.most},
    ),
    LogClosedError: Problem(
        503, "log-closed", "The service is moving, and takes no changes here", headers=_AGAIN, shows_message=False
    ),
    NotAuthenticatedError: NOT_AUTHENTICATED,
    NotAuthorizedError: Problem(403, "not-authorized", "The actor may not do this"),
    NotStartedError: Problem(
        503, "not-running", "The service is starting or stopping", headers=_AGAIN, shows_message=False
    ),
    OutcomeUnknownError: Problem(
        503,
        "outcome-unknown",
        "Whether this was recorded is unknown; look before you send it again",
        shows_message=False,
    ),
    PayloadError: _UNSTORABLE,
    PositionAheadOfLogError: Problem(400, "position-ahead-of-log", "The log has not reached the asked position"),
    RolledBackError: Problem(
        503, "rolled-back", "The database was interrupted; nothing was changed", headers=_AGAIN, shows_message=False
    ),
    StreamNameError: Problem(
        422, "unusable-id", "The request names an id that no stream can have", shows_message=False
    ),
    TimeLimitExceededError: Problem(
        504, "time-limit-exceeded", "It took too long, and was rolled back", headers=_AGAIN, shows_message=False
    ),
    TooManyWatchersError: Problem(
        503,
        "too-many-watchers",
        "Too many live queries are watched here",
        headers={"Retry-After": "5"},
        shows_message=False,
    ),
    UnknownFieldError: Problem(
        422,
        "unknown-field",
        "Sorting or filtering by this is not possible",
        members=lambda error: {"allowed": error.allowed},
    ),
    UnreadableAnswerError: Problem(
        409,
        "already-executed",
        "The request took effect before, and is not executed again; its answer cannot be given any more",
        shows_message=False,
    ),
    UnstorableValueError: _UNSTORABLE,
    ViewParkedError: Problem(
        503,
        "view-parked",
        "What the asked position wrote is set aside until somebody has looked at it",
        headers={"Retry-After": "60"},
        members=lambda error: {"position": error.position},
    ),
}


def problem_of_status(status: int) -> Problem:
    """Return the problem that says no more than an HTTP status does, like 404 or 405."""
    try:
        phrase = HTTPStatus(status).phrase
    except ValueError:
        phrase = "HTTP error"
    return Problem(status, phrase.lower().replace(" ", "-").replace("'", ""), phrase)


def problem_response(
    problem: Problem,
    error: Exception | None = None,
    *,
    detail: str = "",
    members: Mapping[str, object] | None = None,
    headers: Mapping[str, str] | None = None,
) -> Response:
    """Make the answer for a problem.

    Args:
        problem: which one.
        error: the error behind it; its message is shown, without its hint, if the problem says so.
        detail: what is special about this occurrence, instead of the error's message.
        members: further members of the document.
        headers: further headers.
    """
    if error is not None and problem.shows_message and not detail:
        detail = error.message if isinstance(error, DuologError) else str(error)
    document: dict[str, object] = {"type": problem.type, "title": problem.title, "status": problem.status}
    if detail:
        document["detail"] = detail
    if error is not None and problem.members is not None:
        document.update(problem.members(error))
    document.update(members or {})
    # Names in a hostile body may hold lone surrogates, which UTF-8 cannot encode: they are shown as "?".
    content = json.dumps(document, ensure_ascii=False, allow_nan=False, default=str).encode("utf-8", "replace")
    return Response(content, problem.status, headers={**problem.headers, **(headers or {})}, media_type=MEDIA_TYPE)
