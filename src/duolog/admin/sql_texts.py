"""The SQL that stands in the source of a class, as far as it can be read without running it."""

import ast
import re
from collections.abc import Iterator
from typing import Final

from duolog.admin.source_code import nodes_of, resolved

HOLE: Final = "\x00"
"""Stands where a text is put together from something that is not known."""

_SELECT: Final = re.compile(r"\bSELECT\b", re.IGNORECASE)


def sql_texts(cls: type) -> Iterator[str]:
    """Return the SELECTs in a class, with the constants that they are made from, and `HOLE` for everything else."""
    parts = {id(part) for node in nodes_of(cls) if isinstance(node, ast.JoinedStr) for part in node.values}
    texts = [_text(node, cls) for node in nodes_of(cls) if isinstance(node, ast.expr) and id(node) not in parts]
    seen = {text for text in texts if text is not None and _SELECT.search(text)}
    # A part of a text that is there as a whole says nothing by itself.
    yield from sorted(text for text in seen if not any(text != other and text in other for other in seen))


def calls_method(cls: type, name: str) -> bool:
    """Tell whether the source of a class uses an attribute of this name."""
    return any(isinstance(node, ast.Attribute) and node.attr == name for node in nodes_of(cls))


def _text(node: ast.expr, cls: type) -> str | None:
    match node:
        case ast.Constant(value=str() as text):
            return text
        case ast.JoinedStr():
            return "".join(_part(part, cls) for part in node.values)
        case ast.Name() | ast.Attribute():
            known = resolved(node, cls)
            return known if isinstance(known, str) else None
        case _:
            return None


def _part(node: ast.expr, cls: type) -> str:
    if isinstance(node, ast.FormattedValue):
        return _text(node.value, cls) or HOLE
    return _text(node, cls) or ""
