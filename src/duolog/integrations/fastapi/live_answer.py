"""A query's answers as server-sent events (WHATWG HTML, 9.2): each new one, with the state of its views as its id."""

import asyncio
import hashlib
import logging
import time
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from duolog.application.answer import Answer
from duolog.application.application import Application
from duolog.dispatch.shield import shielded
from duolog.errors import DuologError, ForeignTokenError
from duolog.integrations.fastapi.media_types import EVENT_STREAM
from duolog.integrations.fastapi.problems import INTERNAL, NOT_FOUND, PROBLEMS, Problem, RequestRefusedError
from duolog.integrations.fastapi.results import encode_result
from duolog.read.position_token import PositionToken

LAST_EVENT_ID: Final = "Last-Event-ID"

_log: Final = logging.getLogger("duolog.http")

_RETRY_MILLISECONDS: Final = 1_000
_HEADERS: Final = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}


@dataclass(frozen=True, slots=True)
class LiveOptions:
    """How answers are sent live.

    Attributes:
        heartbeat_seconds: after so long without an answer a comment is sent, so that whoever stands between does not
            close the connection, and a client that is gone is noticed.
        longest_seconds: a stream ends after so long; its client connects again, with credentials that are valid then.
    """

    heartbeat_seconds: float = 15.0
    longest_seconds: float = 900.0


LIVE_OPTIONS: Final = LiveOptions()


def last_seen(request: Request, app: Application) -> tuple[str, PositionToken | None]:
    """Return the id of the last event that a client got, and the position that it has seen; nothing of another log."""
    given = request.headers.get(LAST_EVENT_ID, "")
    try:
        token = PositionToken.decode(given.partition(".")[0])
    except ForeignTokenError:
        return "", None
    return (given, token) if token.log_id == app.database.store.log_id else ("", None)


async def live_response(
    answers: AsyncGenerator[Answer[Any], None], app: Application, seen: str, options: LiveOptions
) -> Response:
    """Make the response that sends a query's answers for as long as its client listens.

    Args:
        answers: of the watched query.
        app: answers them.
        seen: id of the last event that the client got; that state is not sent again.
        options: how they are sent.

    Raises:
        RequestRefusedError: there is no such thing.
        Exception: what the query raises when it is asked first.
    """
    try:
        first = await anext(answers, None)
    except BaseException:
        await shielded(answers.aclose())
        raise
    if first is None or first.result is None or first.result is False:
        await answers.aclose()
        raise RequestRefusedError(NOT_FOUND)
    events = _events(first, answers, app.database.store.log_id, seen, options)
    return StreamingResponse(events, headers=_HEADERS, media_type=EVENT_STREAM)


async def _events(
    first: Answer[Any],
    answers: AsyncGenerator[Answer[Any], None],
    log_id: str,
    seen: str,
    options: LiveOptions,
) -> AsyncIterator[bytes]:
    ends_at = time.monotonic() + options.longest_seconds
    async with aclosing(answers):
        yield b"retry: %d\n\n" % _RETRY_MILLISECONDS
        if not seen or _event_id(first, log_id) != seen:
            yield _event(first, log_id)
        following = _next(answers)
        try:
            while (left := ends_at - time.monotonic()) > 0:
                await asyncio.wait((following,), timeout=min(left, options.heartbeat_seconds))
                if not following.done():
                    yield b":\n\n"
                    continue
                try:
                    answer = following.result()
                except Exception as error:  # noqa: BLE001 - the response has begun, so it is told as an event
                    yield _problem_event(error)
                    return
                if answer is None:
                    return
                yield _event(answer, log_id)
                following = _next(answers)
        finally:
            following.cancel()
            await shielded(asyncio.wait((following,)))


def _next(answers: AsyncGenerator[Answer[Any], None]) -> "asyncio.Task[Answer[Any] | None]":
    async def step() -> Answer[Any] | None:
        return await anext(answers, None)

    return asyncio.create_task(step(), name="next live answer")


def _event(answer: Answer[Any], log_id: str) -> bytes:
    # JSON has no line breaks outside of strings, and escapes those inside.
    return b"id: %s\ndata: %s\n\n" % (_event_id(answer, log_id).encode(), encode_live(answer.result))


def encode_live(result: object) -> bytes:
    """Encode an answer; what is gone by now is ``null``."""
    return b"null" if result is None else encode_result(result)


def _event_id(answer: Answer[Any], log_id: str) -> str:
    """Return the state of an answer's views as text: the position that they have, and what tells it from others."""
    views = answer.views
    if views is None:
        return ""
    digest = hashlib.sha256(repr(views.versions).encode()).hexdigest()[:16]
    return f"{PositionToken(log_id, views.position, views.position).encode()}.{digest}"


def _problem_event(error: Exception) -> bytes:
    problem = _problem_of(error)
    document: Mapping[str, object] = {"type": problem.type, "title": problem.title, "status": problem.status}
    if problem.name == INTERNAL.name:
        _log.error("a live query failed", exc_info=error)
    return b"event: problem\ndata: %s\n\n" % encode_result(document)


def _problem_of(error: Exception) -> Problem:
    if not isinstance(error, DuologError):
        return INTERNAL
    return next((PROBLEMS[kind] for kind in type(error).__mro__ if kind in PROBLEMS), INTERNAL)
