"""Routes that send a message each: a line per route."""

import inspect
from collections.abc import Awaitable, Callable, Mapping
from inspect import Parameter, Signature
from types import MappingProxyType
from typing import Any, Final, Unpack

from fastapi import APIRouter, Depends, FastAPI, Security
from fastapi.security import HTTPBearer
from starlette.requests import Request
from starlette.responses import Response

from duolog.application.application import Application
from duolog.errors import NotAuthenticatedError, NotAuthorizedError
from duolog.integrations.fastapi.bearer import BearerTokens
from duolog.integrations.fastapi.message_endpoint import Endpoint
from duolog.integrations.fastapi.openapi import header_schemas, problem_responses
from duolog.integrations.fastapi.problems import NOT_JSON, PROBLEMS, Problem, RequestRefusedError
from duolog.integrations.fastapi.request_context import request_metadata
from duolog.integrations.fastapi.route import CommandOptions, QueryOptions, Route, command_route, query_route

_NO_ERRORS: Final[Mapping[type[Exception], Problem]] = MappingProxyType({})
_REQUEST: Final = "http_request"


class MessageRouter:
    """Adds routes that send messages.

    ```python
    users = attach(api, app, bearer=tokens, errors={EmailTakenError: Problem(409, "email-taken", "...")})
    users.post("/users", CreateUserCommand, anonymous=True, location="/users/{id}", raises=[EmailTakenError])
    users.get("/users/{user_id}", GetUserQuery)
    ```

    Fields that the path names come from the path; the others from the query (GET, HEAD, DELETE) or from a JSON body
    (POST, PUT, PATCH). What is left out has the message's default. Unknown fields and parameters are refused.
    A field ``expected_version`` comes from ``If-Match``. A command that recorded something is answered with
    ``Duolog-Position``, which a query takes as ``Duolog-After``. A query that answers None or False is a 404.

    Every method raises `ConfigurationError` if the message has no handler or the path does not fit it.

    Args:
        api: where the routes are added; it, or the API that includes it, was given to `attach`.
        app: handles the messages.
        bearer: if given, routes need an actor unless they are ``anonymous``.
        errors: how the application's own errors are answered, for the OpenAPI document.
    """

    def __init__(
        self,
        api: FastAPI | APIRouter,
        app: Application,
        *,
        bearer: BearerTokens | None = None,
        errors: Mapping[type[Exception], Problem] = _NO_ERRORS,
    ) -> None:
        self._router = api.router if isinstance(api, FastAPI) else api
        self._app = app
        self._needs_actors = bearer is not None
        self._problems = {**PROBLEMS, **errors}

    def post(self, path: str, command: type, **options: Unpack[CommandOptions]) -> None:
        """Add a POST that executes a command; see `CommandOptions`."""
        self._add(command_route(self._app, "POST", path, command, options))

    def put(self, path: str, command: type, **options: Unpack[CommandOptions]) -> None:
        """Add a PUT that executes a command; see `CommandOptions`."""
        self._add(command_route(self._app, "PUT", path, command, options))

    def patch(self, path: str, command: type, **options: Unpack[CommandOptions]) -> None:
        """Add a PATCH that executes a command; see `CommandOptions`."""
        self._add(command_route(self._app, "PATCH", path, command, options))

    def delete(self, path: str, command: type, **options: Unpack[CommandOptions]) -> None:
        """Add a DELETE that executes a command; see `CommandOptions`."""
        self._add(command_route(self._app, "DELETE", path, command, options))

    def get(self, path: str, query: type, **options: Unpack[QueryOptions]) -> None:
        """Add a GET that answers a query; see `QueryOptions`."""
        self._add(query_route(self._app, "GET", path, query, options))

    def head(self, path: str, query: type, **options: Unpack[QueryOptions]) -> None:
        """Add a HEAD that answers a query, usually whether something exists; see `QueryOptions`."""
        self._add(query_route(self._app, "HEAD", path, query, options))

    def _add(self, route: Route) -> None:
        problems = [*route.problems, *(self._problems[error] for error in route.raises)]
        checks = [Depends(_check_json)] if route.has_body else []
        if self._needs_actors:
            problems += [self._problems[NotAuthenticatedError], self._problems[NotAuthorizedError]]
            if not route.anonymous:
                scheme = HTTPBearer(scheme_name="bearer", auto_error=False)
                checks = [Security(scheme), Depends(_check_actor), *checks]
        responses = problem_responses(problems)
        answer: dict[str, Any] = {"headers": header_schemas(route.headers)} if route.headers else {}
        if route.media_types:
            answer["content"] = {each: {"schema": {"type": "string"}} for each in route.media_types}
        if answer:
            responses[route.status] = answer
        self._router.add_api_route(
            route.path,
            _endpoint(route.endpoint, route.parameters),
            methods=[route.method],
            name=route.binding.name,
            description=_description(route.binding.message),
            status_code=route.status,
            response_model=route.model,
            responses=responses,
            dependencies=checks,
        )


def _endpoint(endpoint: Endpoint, parameters: Any) -> Callable[..., Awaitable[Response]]:
    async def answer(**values: Any) -> Response:
        return await endpoint.answer(values.pop(_REQUEST), values)

    # FastAPI reads from the signature what it has to read from the request, and what it documents.
    request = Parameter(_REQUEST, Parameter.KEYWORD_ONLY, annotation=Request)
    answer.__signature__ = Signature([request, *parameters])  # type: ignore[attr-defined]
    return answer


async def _check_actor(request: Request) -> None:
    if request_metadata(request).actor is None:
        message = "send a bearer token"
        raise NotAuthenticatedError(message)


async def _check_json(request: Request) -> None:
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/json" and not (kind.startswith("application/") and kind.endswith("+json")):
        raise RequestRefusedError(NOT_JSON)


def _description(message: type) -> str:
    text = inspect.getdoc(message) or ""
    return "" if text.startswith(f"{message.__name__}(") else text  # that one was made by @dataclass
