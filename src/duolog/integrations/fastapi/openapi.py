"""Error answers and headers of routes in the OpenAPI document."""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from fastapi import FastAPI

from duolog.integrations.fastapi.problems import MEDIA_TYPE, Problem

_NAME: Final = "Problem"
_SCHEMA: Final[dict[str, Any]] = {
    "title": _NAME,
    "description": "An error (RFC 9457). Some kinds have further members.",
    "type": "object",
    "required": ["type", "title", "status"],
    "properties": {
        "type": {"type": "string", "format": "uri", "description": "Which kind of error it is."},
        "title": {"type": "string", "description": "What this kind means."},
        "status": {"type": "integer", "description": "The HTTP status."},
        "detail": {"type": "string", "description": "What is special about this occurrence."},
    },
    "additionalProperties": True,
}


def problem_responses(problems: Iterable[Problem]) -> dict[int | str, dict[str, Any]]:
    """Describe the error answers of a route, for FastAPI's ``responses``."""
    titles: dict[int, list[str]] = {}
    for problem in problems:
        known = titles.setdefault(problem.status, [])
        if problem.title not in known:
            known.append(problem.title)
    schema = {"$ref": f"#/components/schemas/{_NAME}"}
    return {
        status: {"description": ". ".join(known) + ".", "content": {MEDIA_TYPE: {"schema": schema}}}
        for status, known in sorted(titles.items())
    }


def header_schemas(headers: Mapping[str, str]) -> dict[str, Any]:
    """Describe an answer's headers, given by name what each says."""
    return {name: {"description": text, "schema": {"type": "string"}} for name, text in headers.items()}


def line_contents(media: Iterable[str]) -> dict[str, Any]:
    """Describe answers that are read line by line, given by their media types."""
    return {each: {"schema": {"type": "string", "description": "An item a line."}} for each in media}


def add_problem_schema(api: FastAPI) -> None:
    """Add the schema that `problem_responses` refers to."""
    generate = api.openapi

    def openapi() -> dict[str, Any]:
        document = generate()
        document.setdefault("components", {}).setdefault("schemas", {})[_NAME] = _SCHEMA
        return document

    api.openapi = openapi  # type: ignore[method-assign] # FastAPI's documented way of extending the document
