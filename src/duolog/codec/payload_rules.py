"""What a stored payload may contain, so that every reader on every backend can read it, for ever."""

import math
import re
from collections.abc import Iterable
from typing import Any, Final, cast

from duolog.errors import PayloadError

MAX_DEPTH: Final = 64
MAX_BYTES: Final = 1_048_576

_NESTING: Final = (dict, list, tuple, set, frozenset)

_BACKSLASH: Final = 0x5C  # a number is found four times as fast as bytes of length 1

# A NUL is written \u0000 in JSON; an even number of backslashes before it would make it plain text.
_ESCAPED_NUL: Final = re.compile(rb"(?<!\\)(?:\\\\)*\\u0000")


def check_size(data: bytes, *, limit: int = MAX_BYTES) -> None:
    """Refuse more bytes than ``limit``.

    Raises:
        PayloadError: the payload is larger.
    """
    if len(data) > limit:
        message = f"the payload has {len(data)} bytes; {limit} are allowed"
        raise PayloadError(message, hint="Store large content elsewhere, and its reference in the event.")


def check_text(data: bytes) -> None:
    """Refuse the NUL character, which PostgreSQL cannot store, in an encoded JSON text.

    Raises:
        PayloadError: the text contains NUL.
    """
    if _BACKSLASH in data and _ESCAPED_NUL.search(data):
        message = "the payload contains the NUL character"
        raise PayloadError(message)


def may_break_rules(data: bytes, *, depth: int = MAX_DEPTH) -> bool:
    """Tell whether `check_tree` could refuse what this JSON text was encoded from; no for most events, and cheap.

    The encoder writes NaN and the infinities as ``null``, as keys ``"nan"`` and ``"inf"``, and a level of nesting needs
    a bracket.
    """
    return (
        data.find(b"null") >= 0  # `in` first takes its operand for a number, which costs as much again
        or data.find(b'nan":') >= 0
        or data.find(b'inf":') >= 0
        or data.count(b"[") + data.count(b"{") > depth
    )


def check_tree(value: Any, *, depth: int = MAX_DEPTH) -> None:
    """Refuse numbers that JSON does not have, also as keys, and nesting deeper than ``depth``.

    Args:
        value: builtin objects: dict, list, tuple, set, str, numbers, None, and leaves of other types.
        depth: how many levels of nesting are allowed.

    Raises:
        PayloadError: NaN, an infinity, or too deep.
    """
    layer, level = [value], 1
    while layer:
        inner: list[Any] = []
        for each in layer:
            if isinstance(each, float):
                if not math.isfinite(each):
                    message = f"the payload contains {each}, which JSON cannot represent"
                    raise PayloadError(message)
            elif isinstance(each, _NESTING):
                if level > depth:
                    message = f"the payload is nested deeper than {depth} levels"
                    raise PayloadError(message)
                if isinstance(each, dict):
                    inner.extend(cast("dict[object, object]", each).keys())
                    inner.extend(cast("dict[object, object]", each).values())
                else:
                    inner.extend(cast("Iterable[object]", each))
        layer, level = inner, level + 1
