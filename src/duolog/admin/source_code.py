"""What the source of a class says: where it stands, and which classes it names. Nothing is run."""

import ast
import inspect
import re
import sys
import textwrap
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Final

_ALLOWED: Final = re.compile(r"# duolog: allow ([a-z-]+) - \S")


def place_of(cls: type) -> str:
    """Return where a class is defined, as ``file:line``; its module where the file cannot be told.

    The file is relative to the working directory where it is below it.
    """
    try:
        file = Path(inspect.getsourcefile(cls) or "")
        line = inspect.getsourcelines(cls)[1]
    except (OSError, TypeError):
        return cls.__module__
    here = Path.cwd()
    return f"{file.relative_to(here) if file.is_relative_to(here) else file}:{line}"


def allowed_rules(cls: type, member: str = "") -> frozenset[str]:
    """Return the rules that comments like ``# duolog: allow RULE - reason`` take out for a class.

    Args:
        cls: the class; a comment stands on the line of its name, or alone above it.
        member: a field; then a comment on its line, or alone above it, counts as well.
    """
    try:
        lines = inspect.getsourcelines(cls)[0]
    except (OSError, TypeError):
        return frozenset()
    starts = [rf"\s*class {re.escape(cls.__name__)}\b", *([rf"\s*{re.escape(member)}\s*:"] if member else [])]
    rules: set[str] = set()
    for start in starts:
        for number, line in enumerate(lines):
            if re.match(start, line):
                above = lines[number - 1] if number and lines[number - 1].lstrip().startswith("#") else ""
                rules.update(_ALLOWED.findall(above + line))
                break
    return frozenset(rules)


def named_in(cls: type) -> list[object]:
    """Return what the source of a class names, as far as its module knows the names, in the order of the names."""
    names = {node.id for node in nodes_of(cls) if isinstance(node, ast.Name)}
    # An annotation may be written as a text.
    names |= {node.value for node in nodes_of(cls) if isinstance(node, ast.Constant) and isinstance(node.value, str)}
    known = _names_in_module(cls)
    return [known[name] for name in sorted(names & known.keys())]


def resolved(node: ast.expr, cls: type) -> object:
    """Return what a name, or a name in a module, means where a class is defined; None if that is not known."""
    if isinstance(node, ast.Name):
        return _names_in_module(cls).get(node.id)
    if isinstance(node, ast.Attribute):
        return getattr(resolved(node.value, cls), node.attr, None)
    return None


def _names_in_module(cls: type) -> dict[str, object]:
    return vars(sys.modules[cls.__module__]) if cls.__module__ in sys.modules else {}


@cache
def _tree(cls: type) -> ast.AST | None:
    try:
        return ast.parse(textwrap.dedent(inspect.getsource(cls)))
    except (OSError, TypeError, SyntaxError):  # made without a source file
        return None


def nodes_of(cls: type) -> Iterator[ast.AST]:
    """Return all nodes of the syntax tree of a class; none if its source is not at hand."""
    tree = _tree(cls)
    return iter(()) if tree is None else ast.walk(tree)
