"""Makes each request's metadata: its correlation, its trace, and the actor that its token names."""

import re
from typing import Final
from uuid import UUID

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from duolog.ids import uuid7
from duolog.integrations.fastapi.bearer import BearerTokens
from duolog.integrations.fastapi.problems import NOT_AUTHENTICATED, problem_response
from duolog.messages.metadata import Actor, Metadata

_STATE: Final = "duolog_metadata"
_CORRELATION: Final = "X-Correlation-ID"
_CORRELATION_NAMES: Final = (_CORRELATION, "X-Request-ID")
_TRACEPARENT: Final = re.compile(r"(?!ff)[0-9a-f]{2}-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}")


class RequestContext:
    """ASGI middleware: makes the `Metadata` with which a request's messages are sent.

    The correlation id comes from ``X-Correlation-ID`` or ``X-Request-ID`` if that is a UUID, and is a new one
    otherwise; every answer carries it. ``traceparent`` is taken over if it is well formed (W3C Trace Context). A
    bearer token that is not valid is answered with 401, wherever it was sent.

    Args:
        asgi: what is called.
        bearer: verifies tokens; without it every request is anonymous.
    """

    def __init__(self, asgi: ASGIApp, *, bearer: BearerTokens | None = None) -> None:
        self._asgi = asgi
        self._bearer = bearer

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        if scope["type"] != "http":
            await self._asgi(scope, receive, send)
            return
        headers = Headers(scope=scope)
        correlation_id = _correlation_id(headers)

        async def send_with_correlation(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message)[_CORRELATION] = str(correlation_id)
            await send(message)

        actor: Actor | None = None
        authorization = headers.get("authorization")
        if self._bearer is not None and authorization is not None:
            actor = self._bearer.actor_of(authorization)
            if actor is None:
                challenge = {"WWW-Authenticate": 'Bearer error="invalid_token"'}
                response = problem_response(NOT_AUTHENTICATED, headers=challenge)
                await response(scope, receive, send_with_correlation)
                return
        metadata = Metadata(correlation_id=correlation_id, actor=actor, traceparent=_traceparent(headers))
        scope.setdefault("state", {})[_STATE] = metadata
        await self._asgi(scope, receive, send_with_correlation)


def request_metadata(connection: HTTPConnection) -> Metadata:
    """Return the metadata to send a message with in a route of your own.

    Args:
        connection: the request, on an API that `attach` was called with.

    Returns:
        The request's correlation, trace and actor, under a message id of its own.
    """
    metadata: Metadata = getattr(connection.state, _STATE)
    return Metadata(correlation_id=metadata.correlation_id, actor=metadata.actor, traceparent=metadata.traceparent)


def correlation_header(connection: HTTPConnection) -> dict[str, str]:
    """Return the header that names a request's correlation, for answers that this middleware does not see."""
    metadata: Metadata | None = getattr(connection.state, _STATE, None)
    return {} if metadata is None else {_CORRELATION: str(metadata.correlation_id)}


def _correlation_id(headers: Headers) -> UUID:
    for name in _CORRELATION_NAMES:
        try:
            return UUID(headers[name])
        except (KeyError, ValueError):
            continue
    return uuid7()


def _traceparent(headers: Headers) -> str | None:
    value = headers.get("traceparent", "")
    return value if _TRACEPARENT.fullmatch(value) else None
