"""Refuses bodies that would be expensive or dangerous to parse, before anything parses them."""

import asyncio
import re
from typing import Final

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from duolog.codec.payload_rules import MAX_BYTES, MAX_DEPTH
from duolog.integrations.fastapi.problems import (
    BAD_HEADER,
    BODY_TOO_LARGE,
    BODY_TOO_SLOW,
    ENCODED_BODY,
    INVALID_REQUEST,
    Problem,
    problem_response,
)

# A string (also one without an end), or one bracket. Possessive, so that no input makes it backtrack.
_STRING_OR_BRACKET: Final = re.compile(rb'"(?:[^"\\]++|\\.)*+"?|[\[{]|[\]}]', re.DOTALL)
_OPENING: Final = b"[{"
_CLOSING: Final = b"]}"
_DISCARDED: Final = 4  # times the limit: so much is read of a body that is too large, and not kept
MAX_SECONDS: Final = 30.0


def json_depth_exceeds(text: bytes, most: int) -> bool:
    """Tell whether JSON is nested deeper than ``most`` levels, in one pass and without parsing it.

    Args:
        text: JSON in UTF-8; may be malformed.
        most: how many levels are allowed.
    """
    if text.count(b"[") + text.count(b"{") <= most:
        return False
    depth = 0
    for found in _STRING_OR_BRACKET.finditer(text):
        token = found.group()
        if token in _OPENING:
            depth += 1
            if depth > most:
                return True
        elif token in _CLOSING:
            depth -= 1
    return False


class BodyLimits:
    """ASGI middleware: gathers each body up to a limit, and refuses what no parser should see.

    A larger body is answered with 413, with or without ``Content-Length``; one that does not arrive in time with 408; a
    compressed one with 415; JSON that is not UTF-8 or is nested too deep with 422.

    Args:
        asgi: what is called with the bodies that pass.
        max_bytes: largest body in bytes.
        max_seconds: how long a body may take to arrive whole, in seconds.
        max_depth: deepest nesting of JSON.
    """

    def __init__(
        self,
        asgi: ASGIApp,
        *,
        max_bytes: int = MAX_BYTES,
        max_seconds: float = MAX_SECONDS,
        max_depth: int = MAX_DEPTH,
    ) -> None:
        self._asgi = asgi
        self._max_bytes = max_bytes
        self._max_seconds = max_seconds
        self._max_depth = max_depth

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        if scope["type"] != "http":
            await self._asgi(scope, receive, send)
            return
        headers = Headers(scope=scope)
        body = b""
        problem, detail = self._check_announced(headers)
        if problem is None:
            try:
                async with asyncio.timeout(self._max_seconds):
                    gathered = await self._gather(receive)
            except TimeoutError:
                problem, detail = BODY_TOO_SLOW, f"It has to arrive within {self._max_seconds:g} s."
            else:
                if gathered is None:
                    return  # the client has gone
                body = gathered
                problem, detail = self._check(headers, body)
        if problem is not None:
            await problem_response(problem, detail=detail)(scope, receive, send)
            return
        await self._asgi(scope, _Replay(body, receive), send)

    def _check_announced(self, headers: Headers) -> tuple[Problem | None, str]:
        length = headers.get("content-length", "0")
        if not (length.isascii() and length.isdigit()):
            return BAD_HEADER, "Content-Length is not a number."
        # Only a client that waits to be asked for its body can be refused unread: any other is still sending when the
        # connection closes, and is cut off before it reads the answer.
        digits = length.lstrip("0")
        is_larger = len(digits) > len(str(self._max_bytes)) or int(digits or "0") > self._max_bytes
        return (BODY_TOO_LARGE, self._too_large) if is_larger and "expect" in headers else (None, "")

    def _check(self, headers: Headers, body: bytes) -> tuple[Problem | None, str]:
        if headers.get("content-encoding", "identity").strip().lower() != "identity":
            return ENCODED_BODY, ""
        if len(body) > self._max_bytes:
            return BODY_TOO_LARGE, self._too_large
        if not body or "json" not in headers.get("content-type", "").lower():
            return None, ""
        if b"\x00" in body or not _is_utf8(body):
            return INVALID_REQUEST, "The body is not JSON in UTF-8."
        if json_depth_exceeds(body, self._max_depth):
            return INVALID_REQUEST, f"The body is nested deeper than {self._max_depth} levels."
        return None, ""

    async def _gather(self, receive: Receive) -> bytes | None:
        kept = bytearray()
        size = 0
        while True:
            message = await receive()
            if message["type"] != "http.request":
                return None
            piece: bytes = message.get("body", b"")
            size += len(piece)
            if len(kept) <= self._max_bytes:  # one byte too many is enough to know
                kept += piece[: self._max_bytes + 1 - len(kept)]
            if size > _DISCARDED * self._max_bytes or not message.get("more_body", False):
                return bytes(kept)

    @property
    def _too_large(self) -> str:
        return f"At most {self._max_bytes} bytes are allowed."


class _Replay:
    """Gives a gathered body once, then what the server has to say (that the client has gone)."""

    __slots__ = ("_body", "_receive")

    def __init__(self, body: bytes, receive: Receive) -> None:
        self._body: bytes | None = body
        self._receive = receive

    async def __call__(self) -> Message:
        body, self._body = self._body, None
        if body is None:
            return await self._receive()
        return {"type": "http.request", "body": body, "more_body": False}


def _is_utf8(body: bytes) -> bool:
    try:
        body.decode()
    except UnicodeDecodeError:
        return False
    return True
