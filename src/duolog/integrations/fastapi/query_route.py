"""What the route of a query is made of, worked out from its message."""

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Final, TypedDict

from duolog.application.application import Application
from duolog.errors import (
    AfterTimeoutError,
    ForeignTokenError,
    PositionAheadOfLogError,
    TooManyWatchersError,
    UnknownFieldError,
    ViewParkedError,
)
from duolog.integrations.fastapi.live_answer import LAST_EVENT_ID, LIVE_OPTIONS, LiveOptions
from duolog.integrations.fastapi.media_types import EVENT_STREAM
from duolog.integrations.fastapi.message_endpoint import QueryEndpoint
from duolog.integrations.fastapi.message_parts import message_parts
from duolog.integrations.fastapi.problems import NOT_FOUND, PROBLEMS
from duolog.integrations.fastapi.request_parameters import AFTER
from duolog.integrations.fastapi.results import answered_type, documented, has_version, is_page, may_be_missing
from duolog.integrations.fastapi.route import ALWAYS, HEADERS, OK, Route, binding_of, request_header
from duolog.integrations.fastapi.stream_endpoint import StreamEndpoint
from duolog.messages.binding import MessageKind
from duolog.messages.query import StreamQuery
from duolog.messages.result_type import item_type
from duolog.read.caching.declaration import cache_policy
from duolog.read.csv_text import CsvText
from duolog.tables.dto_fields import dto_fields

_OF_QUERIES: Final = tuple(
    PROBLEMS[error]
    for error in (ForeignTokenError, PositionAheadOfLogError, AfterTimeoutError, ViewParkedError, UnknownFieldError)
)
_OF_LIVE: Final = (PROBLEMS[TooManyWatchersError],)


class QueryOptions(TypedDict, total=False):
    """What can be said about a route that answers a query.

    Attributes:
        keyset: the query that answers instead when the request has a ``cursor``; it has a field of that name.
        stream: the stream query that answers instead when the request accepts lines of JSON (``application/x-ndjson``)
            or CSV (``text/csv``) rather than JSON.
        names: query parameters that are called differently from their fields, by field.
        live: how its answers are sent to clients that accept ``text/event-stream``; None never does.
        anonymous: it needs no actor.
        raises: the application's errors that it may raise, for the OpenAPI document.
    """

    keyset: type
    stream: type
    names: Mapping[str, str]
    live: LiveOptions | None
    anonymous: bool
    raises: Sequence[type[Exception]]


def query_route(app: Application, method: str, path: str, query: type, options: QueryOptions) -> Route:
    """Work out the route of a query.

    Raises:
        ConfigurationError: a query has no handler, or the path does not fit it.
    """
    if StreamQuery in query.__mro__:
        return _stream_route(app, method, path, query, options)
    live = options.get("live", LIVE_OPTIONS)
    endpoint = _query_endpoint(app, path, query, options.get("names", {}), live)
    binding, model = endpoint.binding, documented(answered_type(endpoint.binding), endpoint.binding.name)
    parameters = {parameter.name: parameter for parameter in endpoint.parts.parameters}
    keyset = options.get("keyset")
    if keyset is not None:
        walk = _query_endpoint(app, path, keyset, _names_of(keyset, options), live)
        endpoint = dataclasses.replace(endpoint, keyset=walk)
        model |= documented(answered_type(walk.binding), walk.binding.name)
        for parameter in walk.parts.parameters:
            parameters.setdefault(parameter.name, parameter)
    streamed = options.get("stream")
    if streamed is not None:
        stream = _stream_endpoint(app, path, streamed, _names_of(streamed, options))
        endpoint = dataclasses.replace(endpoint, stream=stream)
        for parameter in stream.parts.parameters:
            parameters.setdefault(parameter.name, parameter)
    answering = [endpoint] if endpoint.keyset is None else [endpoint, endpoint.keyset]
    is_get = method == "GET"
    versioned = has_version(binding) or any(cache_policy(each.binding.handler) is not None for each in answering)
    is_live = is_get and any(each.live is not None for each in answering)
    shown = [*(["Link"] if is_page(binding) else []), *(["ETag"] if versioned else [])]
    return Route(
        method,
        path,
        endpoint,
        binding,
        [
            *parameters.values(),
            request_header(AFTER),
            *([request_header("If-None-Match")] if versioned else []),
            *([request_header(LAST_EVENT_ID)] if is_live else []),
        ],
        has_body=False,
        status=OK,
        model=model if is_get else None,
        headers={name: HEADERS[name] for name in shown},
        problems=[
            *ALWAYS,
            *(_OF_LIVE if is_live else ()),
            *_OF_QUERIES,
            *([NOT_FOUND] if may_be_missing(binding) else []),
        ],
        anonymous=options.get("anonymous", False),
        raises=options.get("raises", ()),
        media=[
            *(endpoint.stream.offered if endpoint.stream is not None else ()),
            *([EVENT_STREAM] if is_live else []),
        ],
    )


def _stream_route(app: Application, method: str, path: str, query: type, options: QueryOptions) -> Route:
    endpoint = _stream_endpoint(app, path, query, options.get("names", {}))
    return Route(
        method,
        path,
        endpoint,
        endpoint.binding,
        [*endpoint.parts.parameters, request_header(AFTER)],
        has_body=False,
        status=OK,
        model=None,
        headers={},
        problems=[*ALWAYS, *_OF_QUERIES],
        anonymous=options.get("anonymous", False),
        raises=options.get("raises", ()),
        media=endpoint.offered,
    )


def _stream_endpoint(app: Application, path: str, query: type, names: Mapping[str, str]) -> StreamEndpoint:
    binding = binding_of(app, query, MessageKind.STREAM)
    item = item_type(query)
    csv = CsvText(item) if isinstance(item, type) and dto_fields(item) else None
    return StreamEndpoint(app, binding, message_parts(query, path, in_body=False, names=names), csv)


def _names_of(query: type, options: QueryOptions) -> Mapping[str, str]:
    fields = {field.name for field in dataclasses.fields(query)}
    return {name: parameter for name, parameter in options.get("names", {}).items() if name in fields}


def _query_endpoint(
    app: Application, path: str, query: type, names: Mapping[str, str], live: LiveOptions | None
) -> QueryEndpoint:
    binding = binding_of(app, query, MessageKind.QUERY)
    parts = message_parts(query, path, in_body=False, names=names)
    return QueryEndpoint(app, binding, parts, live=live if live is not None and app.can_watch(binding) else None)
