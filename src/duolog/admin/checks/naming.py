"""Rule `naming`: a message and its handler are named by one pattern."""

import re
from collections.abc import Iterator
from typing import Any, Final, cast

from duolog.admin.checks.finding import Finding, finding
from duolog.admin.structure import ApplicationStructure
from duolog.messages.binding import Binding, MessageKind

_RULE: Final = "naming"
_VERB_NOUN: Final = re.compile(r"[A-Z][a-z0-9]*[A-Z]\w*")


def check_naming(structure: ApplicationStructure) -> Iterator[Finding]:
    """Find messages and handlers that are not named ``{Verb}{Noun}Command`` and ``{Verb}{Noun}Interactor``.

    A query is named ``...Query`` and its handler ``...QueryService``; both halves of a pair share the stem.
    """
    for binding in structure.bindings:
        is_command = binding.kind is MessageKind.COMMAND
        message_end, handler_end = ("Command", "Interactor") if is_command else ("Query", "QueryService")
        yield from _check(binding, message_end, handler_end)


def is_verb_and_noun(stem: str) -> bool:
    """Tell whether a message's name, without its ending, has two words or more: what is done, and to what."""
    return _VERB_NOUN.fullmatch(stem) is not None


def _check(binding: Binding[Any, Any], message_end: str, handler_end: str) -> Iterator[Finding]:
    message, handler = binding.message, cast("type", binding.handler)
    stem = message.__name__.removesuffix(message_end)
    if stem == message.__name__:
        text = f"a {binding.kind.value} that is not named ...{message_end}"
        yield from finding(_RULE, message, text, f"Rename it to {stem}{message_end}.")
    elif not is_verb_and_noun(stem):
        text = f"{stem!r} is not a verb and a noun"
        yield from finding(_RULE, message, text, f"Name it by what is done to what, like CreateUser{message_end}.")
    if handler.__name__ != f"{stem}{handler_end}":
        text = f"the handler of {message.__name__} is not named after it"
        yield from finding(_RULE, handler, text, f"Rename it to {stem}{handler_end}.")
