"""Taking SQL apart as far as it matters here: what is code, what is text or comment, and what is a parameter."""

import re
from collections.abc import Iterator
from enum import Enum, auto
from typing import Final


class Kind(Enum):
    """What a token is."""

    BLANK = auto()
    """Space or a comment."""
    QUOTED = auto()
    """A text or a quoted name: what stands in it is no code."""
    WORD = auto()
    """A key word, a name or a number."""
    PARAMETER = auto()
    """A ``:name`` parameter."""
    END = auto()
    """A semicolon."""
    OTHER = auto()
    """An operator or a bracket."""


_TOKEN: Final = re.compile(
    r"""
      (?P<BLANK>\s+|--[^\n]*)
    | (?P<comment>/\*)
    | (?P<QUOTED>[eE]'(?:[^'\\]|\\.|'')*'|'(?:[^']|'')*'|"(?:[^"]|"")*"|\$(?P<tag>(?:[^\W\d]\w*)?)\$.*?\$(?P=tag)\$)
    | (?P<PARAMETER>:[A-Za-z_][A-Za-z0-9_]*)
    | (?P<WORD>\w[\w$]*)
    | (?P<END>;)
    | (?P<OTHER>::|.)
    """,
    re.DOTALL | re.VERBOSE,
)
_COMMENT_EDGE: Final = re.compile(r"/\*|\*/")
_OPENING: Final = frozenset("([{")
_CLOSING: Final = frozenset(")]}")


def sql_tokens(sql: str) -> Iterator[tuple[Kind, str]]:
    """Split SQL into tokens; joined, they are the SQL again.

    Words as PostgreSQL reads them: ``::`` is a cast, ``E'...'`` has escapes, ``$tag$ ... $tag$`` is a text, comments
    nest. Between square brackets, a colon that touches what stands before it is that of a slice, as in ``a[i:j]``.

    Yields:
        The kind of each token, and its text.
    """
    at = 0
    brackets: list[str] = []
    while (token := _TOKEN.match(sql, at)) is not None:
        begin, at = at, token.end()
        if token["comment"]:
            at = _end_of_comment(sql, at)
            yield Kind.BLANK, sql[begin:at]
        elif token["PARAMETER"] and _is_slice(sql, begin, brackets):
            at = begin + 1
            yield Kind.OTHER, ":"
        else:
            _nest(brackets, token[0])
            yield Kind[token.lastgroup or ""], token[0]


def _end_of_comment(sql: str, at: int) -> int:
    depth = 1
    while depth and (edge := _COMMENT_EDGE.search(sql, at)) is not None:
        depth += 1 if edge[0] == "/*" else -1
        at = edge.end()
    return at if depth == 0 else len(sql)


def _nest(brackets: list[str], text: str) -> None:
    if text in _OPENING:
        brackets.append(text)
    elif text in _CLOSING and brackets:
        brackets.pop()


def _is_slice(sql: str, colon: int, brackets: list[str]) -> bool:
    before = sql[colon - 1]  # in brackets, so there is something
    return bool(brackets) and brackets[-1] == "[" and (before.isalnum() or before in "_)]'\"")
