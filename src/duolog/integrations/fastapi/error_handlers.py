"""Answers every error of a FastAPI application with a problem document, its own 404, 405 and 422 as well."""

import logging
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any, Final

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Match, Route

from duolog.integrations.fastapi.problems import (
    INTERNAL,
    INVALID_REQUEST,
    PROBLEMS,
    Problem,
    RequestRefusedError,
    problem_of_status,
    problem_response,
)
from duolog.integrations.fastapi.request_context import correlation_header

_log: Final = logging.getLogger("duolog.http")
_NOT_JSON: Final = "json_invalid"


def install_error_handlers(api: FastAPI, errors: Mapping[type[Exception], Problem]) -> None:
    """Answer every error with a problem document.

    Args:
        api: whose errors.
        errors: how the application's own errors are answered; may also overrule duolog's.
    """
    problems = {**PROBLEMS, **errors}
    for kind in problems:
        api.add_exception_handler(kind, _MappedErrors(problems))
    api.add_exception_handler(RequestRefusedError, _answer_refused)
    api.add_exception_handler(RequestValidationError, _answer_invalid)
    api.add_exception_handler(HTTPException, _answer_http)
    api.add_exception_handler(Exception, _answer_unexpected)


class _MappedErrors:
    __slots__ = ("_problems",)

    def __init__(self, problems: Mapping[type[Exception], Problem]) -> None:
        self._problems = problems

    async def __call__(self, request: Request, error: Exception) -> Response:
        problem = next(self._problems[kind] for kind in type(error).__mro__ if kind in self._problems)
        if problem.name == INTERNAL.name:
            _log.error("%s %s failed", request.method, request.url.path, exc_info=error)
        elif problem.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            _log.warning("%s %s: %s", request.method, request.url.path, type(error).__name__)
        return problem_response(problem, error)


async def _answer_refused(_: Request, error: Exception) -> Response:
    if not isinstance(error, RequestRefusedError):  # registered for this class only
        raise error
    return problem_response(error.problem, error, members=error.members)


async def _answer_invalid(_: Request, error: Exception) -> Response:
    if not isinstance(error, RequestValidationError):  # registered for this class only
        raise error
    return problem_response(INVALID_REQUEST, members={"errors": [_finding(found) for found in error.errors()]})


async def _answer_http(request: Request, error: Exception) -> Response:
    if not isinstance(error, HTTPException):  # registered for this class only
        raise error
    headers = dict(error.headers or {})
    if error.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
        headers["Allow"] = ", ".join(sorted(_methods_here(request)))
    problem = problem_of_status(error.status_code)
    detail = "" if error.detail == problem.title else str(error.detail)
    return problem_response(problem, detail=detail, headers=headers)


async def _answer_unexpected(request: Request, error: Exception) -> Response:
    _log.error("%s %s failed unexpectedly", request.method, request.url.path, exc_info=error)
    # This one is answered outside of every middleware.
    return problem_response(INTERNAL, headers=correlation_header(request))


def _methods_here(request: Request) -> set[str]:
    # Starlette names those of the first route with this path only; a message has a route of its own.
    api: FastAPI = request.app
    return {
        method
        for route in api.routes
        if isinstance(route, Route) and route.matches(request.scope)[0] is not Match.NONE
        for method in route.methods or ()
    }


def _finding(found: Mapping[str, Any]) -> dict[str, object]:
    # Only these members: pydantic's `input` would echo a refused password, and its `ctx` may.
    place: Sequence[object] = found["loc"]
    source, rest = str(place[0]), place[1:]
    finding: dict[str, object] = {"in": source, "detail": found["msg"], "code": found["type"]}
    if found["type"] == _NOT_JSON and isinstance(rest[0], int):  # an offset, not a place: the whole body is no JSON
        finding["detail"], rest = f"{found['msg']} at character {rest[0]}", ()
    if source == "body":
        finding["pointer"] = "#" + "".join("/" + str(step).replace("~", "~0").replace("/", "~1") for step in rest)
    else:
        finding["name"] = ".".join(map(str, rest))
    return finding
