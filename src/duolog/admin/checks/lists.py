"""Rule `unbounded-list`: no query is answered with a list of any length."""

import typing
from collections.abc import Collection, Iterator, Mapping
from types import UnionType
from typing import Any, Final, Union

from duolog.admin.checks.finding import Finding, finding
from duolog.admin.checks.results import result_hint
from duolog.admin.structure import ApplicationStructure
from duolog.messages.binding import MessageKind
from duolog.read.json_answer import Json

_RULE: Final = "unbounded-list"
_LIMIT: Final = "limit"
_ADVICE: Final = "Give it a `limit` that is checked, answer with a page, or make it a StreamQuery."


def check_lists(structure: ApplicationStructure) -> Iterator[Finding]:
    """Find queries that are answered with a list, and say nothing of how long it may be."""
    for binding in structure.queries:
        if binding.kind is MessageKind.QUERY and _is_list(result_hint(binding)):
            fields = getattr(binding.message, "__annotations__", {})
            if not any(name == _LIMIT or name.endswith(f"_{_LIMIT}") for name in fields):
                message = "it is answered with a list, and nothing says how long that may get"
                yield from finding(_RULE, binding.message, message, _ADVICE)


def _is_list(hint: Any) -> bool:
    origin = typing.get_origin(hint)
    if origin in (Json, Union, UnionType):
        return any(_is_list(each) for each in typing.get_args(hint))
    if origin is tuple:
        return Ellipsis in typing.get_args(hint)
    kind = origin or hint
    is_collection = isinstance(kind, type) and issubclass(kind, Collection)
    return is_collection and not issubclass(kind, str | bytes | Mapping)
