"""Runs one message for one request: makes it, sends it, and turns its result and receipt into the answer."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Protocol, cast

from starlette.requests import Request
from starlette.responses import Response

from duolog.application.answer import Answer
from duolog.application.application import Application
from duolog.application.receipt import Receipt
from duolog.errors import InvalidMessageError, WrongExpectedVersionError
from duolog.integrations.fastapi.live_answer import LiveOptions, last_seen, live_response
from duolog.integrations.fastapi.media_types import EVENT_STREAM, JSON, wanted_media
from duolog.integrations.fastapi.message_parts import MessageParts
from duolog.integrations.fastapi.page_links import page_links
from duolog.integrations.fastapi.preconditions import entity_tag, expected_version, is_unchanged
from duolog.integrations.fastapi.problems import (
    BAD_HEADER,
    NOT_FOUND,
    PRECONDITION_FAILED,
    RequestRefusedError,
)
from duolog.integrations.fastapi.request_context import request_metadata
from duolog.integrations.fastapi.request_parameters import asked_position, refuse_unknown_parameters
from duolog.integrations.fastapi.results import encode_result, member, result_fields
from duolog.integrations.fastapi.shown_answer import keep_shown, shown_response
from duolog.integrations.fastapi.stream_endpoint import StreamEndpoint
from duolog.messages.binding import Binding
from duolog.read.json_answer import Json
from duolog.write.idempotency import IdempotencyKey

POSITION: Final = "Duolog-Position"
IDEMPOTENCY_KEY: Final = "Idempotency-Key"
REPLAYED: Final = "Idempotency-Replayed"
EXPECTED_VERSION: Final = "expected_version"
NO_CONTENT: Final = 204
_NOT_MODIFIED: Final = 304
_CURSOR: Final = "cursor"


class Endpoint(Protocol):
    """Answers the requests of one route."""

    async def answer(self, request: Request, values: Mapping[str, Any]) -> Response:
        """Answer one request, from what FastAPI read of it by parameter."""
        ...


@dataclass(frozen=True, slots=True)
class CommandEndpoint:
    """Executes a command.

    Attributes:
        app: executes it.
        binding: which one.
        parts: how it is made.
        status: of the answer.
        location: template of the ``Location`` header, like ``/users/{id}``, or None.
        show: makes the shown answer of the command's result.
        takes_version: the command has a field ``expected_version``, and ``If-Match`` fills it.
        takes_key: an ``Idempotency-Key`` makes it take effect once.
    """

    app: Application
    binding: Binding[Any, Any]
    parts: MessageParts
    status: int
    location: str | None
    show: Callable[[Any], object]
    takes_version: bool
    takes_key: bool

    async def answer(self, request: Request, values: Mapping[str, Any]) -> Response:
        """Answer one request.

        Args:
            request: the request.
            values: the parts of its message that FastAPI has read.

        Raises:
            RequestRefusedError: it has an unknown parameter, or a header that is malformed or not met.
            Exception: what the pipeline or the handler raises.
        """
        given = refuse_unknown_parameters(request, self.parts)
        extra: dict[str, Any] = {}
        expected = expected_version(request.headers.get("if-match"), is_supported=self.takes_version)
        if expected is not None:
            extra[EXPECTED_VERSION] = expected
        message = self.parts.make(values, given, extra)
        try:
            receipt = await self.app.execute_bound_with_receipt(
                self.binding,
                message,
                metadata=request_metadata(request),
                idempotency_key=_key(request) if self.takes_key else None,
            )
        except WrongExpectedVersionError as error:
            if expected is None or error.actual == expected:
                raise
            raise RequestRefusedError(PRECONDITION_FAILED, f"the version is {error.actual}") from error
        answered = receipt.answered
        if answered is not None and answered.shown is not None:
            response = shown_response(answered.shown)
        else:
            response = self._response(receipt, values)
            if answered is not None:
                await keep_shown(self.app, answered, response)
        if receipt.replayed:
            response.headers[REPLAYED] = "true"
        return response

    def _response(self, receipt: Receipt[Any], values: Mapping[str, Any]) -> Response:
        # Made of the request, the result and the receipt only: a replay whose answer was not stored makes it again.
        headers = {"Cache-Control": "no-store"}
        if receipt.token is not None:
            headers[POSITION] = receipt.token.encode()
        version = member(receipt.result, "version")
        if version is None and len(receipt.versions) == 1:
            (version,) = receipt.versions.values()
        if isinstance(version, int) and self.status != NO_CONTENT:
            headers["ETag"] = entity_tag(version)
        if self.location is not None:
            headers["Location"] = self.location.format_map({**values, **result_fields(receipt.result)})
        shown = self.show(receipt.result)
        if shown is None or self.status == NO_CONTENT:
            return Response(status_code=self.status, headers=headers)
        return Response(encode_result(shown), self.status, headers, "application/json")


@dataclass(frozen=True, slots=True)
class QueryEndpoint:
    """Answers a query, or lets another one do so: a walk by keys, or a stream.

    Attributes:
        app: answers it.
        binding: which one.
        parts: how it is made.
        keyset: the query for requests with a ``cursor``, or None.
        stream: the query for requests that want lines or CSV rather than one JSON text, or None.
        live: how its answers are sent to those who ask for server-sent events; None if they cannot be.
    """

    app: Application
    binding: Binding[Any, Any]
    parts: MessageParts
    keyset: "QueryEndpoint | None" = None
    stream: StreamEndpoint | None = None
    live: LiveOptions | None = None

    async def answer(self, request: Request, values: Mapping[str, Any]) -> Response:
        """Answer one request.

        Args:
            request: the request.
            values: the parts of its message that FastAPI has read.

        Raises:
            RequestRefusedError: it has an unknown parameter or a malformed header, or there is no such thing.
            Exception: what the pipeline or the handler raises.
        """
        lines = self.stream.offered if self.stream is not None else ()
        events = (EVENT_STREAM,) if self.live is not None and request.method == "GET" else ()
        wanted = wanted_media(request, (JSON, *lines, *events))
        if self.stream is not None and wanted in lines:
            return await self.stream.answer(request, values)
        response = await self._answer(request, values, self.live if wanted == EVENT_STREAM else None)
        if lines or events:
            response.headers["Vary"] = "Accept"
        return response

    async def _answer(self, request: Request, values: Mapping[str, Any], live: LiveOptions | None) -> Response:
        if self.keyset is not None and _CURSOR in request.query_params:
            return await self.keyset.answer(request, values)
        given = refuse_unknown_parameters(request, self.parts, also=(_CURSOR,) if self.keyset is not None else ())
        if not request.query_params.get(_CURSOR):
            given.discard(_CURSOR)  # an empty one asks for the first page
        message = self.parts.make(values, given, {})
        after = asked_position(request)
        if live is not None:
            seen, token = last_seen(request, self.app)
            watched = self.app.watch_bound(
                self.binding, message, after=after or token, metadata=request_metadata(request)
            )
            return await live_response(watched, self.app, seen, live)
        answer = await self.app.answer_bound(self.binding, message, after=after, metadata=request_metadata(request))
        return _response(request, answer)


def _response(request: Request, answer: Answer[Any]) -> Response:
    """Make the response of a query's answer.

    Raises:
        RequestRefusedError: there is no such thing, or ``If-None-Match`` is malformed.
    """
    result: object = cast("object", answer.result)
    if isinstance(result, Json):
        result = result.value
    if result is None or result is False:
        raise RequestRefusedError(NOT_FOUND)
    headers: dict[str, str] = {}
    links = page_links(request, result)
    if links is not None:
        headers["Link"] = links
    tag = _tag(result, answer.tag, headers)
    if tag is not None and is_unchanged(request.headers.get("if-none-match"), tag):
        return Response(status_code=_NOT_MODIFIED, headers=headers)
    if result is True:
        response = Response(headers=headers)
        del response.headers["content-length"]  # whatever a GET has to say, it is not known here
        return response
    response = Response(encode_result(answer.result), headers=headers, media_type=JSON)
    if request.method == "HEAD":
        response.body = b""  # Content-Length stays that of the GET (RFC 9110, 9.3.2)
    return response


def _tag(result: object, given: str, headers: dict[str, str]) -> str | None:
    """Add the headers of an answer's entity tag, and return what it is compared with; None if it has none."""
    version = member(result, "version")
    if isinstance(version, int):
        headers["ETag"] = tag = entity_tag(version)
        return tag
    if not given:
        return None
    tag = entity_tag(given)
    # Weak: two releases may write the same answer in other bytes. It may be kept, and is asked for every time.
    headers |= {"ETag": f"W/{tag}", "Cache-Control": "private, no-cache"}
    return tag


def _key(request: Request) -> IdempotencyKey | None:
    given = request.headers.getlist(IDEMPOTENCY_KEY.lower())
    if not given:
        return None
    try:
        operation = f"{request.method} {request.scope['route'].path}"
        return IdempotencyKey(", ".join(given), operation, answers_shown=True)
    except InvalidMessageError as error:
        raise RequestRefusedError(BAD_HEADER, f"{IDEMPOTENCY_KEY}: {error.message}") from None
