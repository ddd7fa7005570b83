"""Puts an Application behind a FastAPI application."""

from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from types import MappingProxyType
from typing import Any, Final

from fastapi import FastAPI

from duolog.application.application import Application
from duolog.codec.payload_rules import MAX_BYTES
from duolog.integrations.fastapi.bearer import BearerTokens
from duolog.integrations.fastapi.body_limits import MAX_SECONDS, BodyLimits
from duolog.integrations.fastapi.cut_off_requests import CutOffRequests
from duolog.integrations.fastapi.error_handlers import install_error_handlers
from duolog.integrations.fastapi.health import add_health
from duolog.integrations.fastapi.message_router import MessageRouter
from duolog.integrations.fastapi.openapi import add_problem_schema
from duolog.integrations.fastapi.problems import Problem
from duolog.integrations.fastapi.request_context import RequestContext

_NO_ERRORS: Final[Mapping[type[Exception], Problem]] = MappingProxyType({})


def attach(
    api: FastAPI,
    app: Application,
    *,
    bearer: BearerTokens | None = None,
    errors: Mapping[type[Exception], Problem] = _NO_ERRORS,
    max_body_bytes: int = MAX_BYTES,
    max_body_seconds: float = MAX_SECONDS,
) -> MessageRouter:
    """Put an Application behind a FastAPI application.

    The Application starts before the API's own lifespan and is drained after it; it is found at ``api.state.duolog``.
    Every error is answered with a problem document (RFC 9457), bodies are limited before they are parsed, requests get
    a correlation id and an actor, and ``GET /health`` is added.

    Args:
        api: not started yet.
        app: not started yet.
        bearer: verifies bearer tokens; without it every request is anonymous.
        errors: how the application's own errors are answered; may also overrule duolog's.
        max_body_bytes: largest body of a request, in bytes.
        max_body_seconds: how long the body of a request may take to arrive whole, in seconds.

    Returns:
        A router that adds routes to ``api``, a line each.
    """
    api.state.duolog = app
    inner = api.router.lifespan_context

    @asynccontextmanager
    async def lifespan(running: FastAPI) -> AsyncGenerator[Any]:
        async with app, inner(running) as state:
            yield state

    api.router.lifespan_context = lifespan
    install_error_handlers(api, errors)
    api.add_middleware(BodyLimits, max_bytes=max_body_bytes, max_seconds=max_body_seconds)
    api.add_middleware(CutOffRequests)
    api.add_middleware(RequestContext, bearer=bearer)
    add_problem_schema(api)
    add_health(api, app)
    return MessageRouter(api, app, bearer=bearer, errors=errors)
