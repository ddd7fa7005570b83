"""What a message is answered with."""

import inspect
import typing
from typing import Any

from duolog.messages.binding import Binding
from duolog.messages.command import Command
from duolog.messages.query import Query, StreamQuery


def result_type(binding: Binding[Any, Any]) -> Any:
    """Return what a message is answered with: the ``R`` of ``Command[R]`` or ``Query[R]``, else that of ``execute``."""
    for base in getattr(binding.message, "__orig_bases__", ()):
        if typing.get_origin(base) in (Command, Query):
            return typing.get_args(base)[0]
    execute = getattr(binding.handler, "execute", None)
    return typing.get_type_hints(execute).get("return", Any) if inspect.isfunction(execute) else Any


def item_type(query: type) -> Any:
    """Return the ``Item`` of a ``StreamQuery[Item]``."""
    for base in getattr(query, "__orig_bases__", ()):
        if typing.get_origin(base) is StreamQuery:
            return typing.get_args(base)[0]
    return Any
