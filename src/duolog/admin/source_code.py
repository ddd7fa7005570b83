"""What the source of a class says: where it stands, and which classes it names. Nothing is run."""

import ast
import inspect
import sys
import textwrap
from collections.abc import Iterator
from functools import cache
from pathlib import Path


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


def named_in(cls: type) -> list[object]:
    """Return what the source of a class names, as far as its module knows the names, in the order of the names."""
    names = {node.id for node in _nodes(cls) if isinstance(node, ast.Name)}
    # An annotation may be written as a text.
    names |= {node.value for node in _nodes(cls) if isinstance(node, ast.Constant) and isinstance(node.value, str)}
    known = _names_in_module(cls)
    return [known[name] for name in sorted(names & known.keys())]


def classes_passed_to(method: str, cls: type) -> tuple[type, ...]:
    """Return the classes whose instances the source of a class makes in a call of a method.

    Args:
        method: the method's name: ``publish`` finds ``self._events.publish(UserCreated(...))``.
        cls: whose source is read.
    """
    made: dict[type, None] = {}
    for node in _nodes(cls):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == method:
            for argument in node.args[:1]:
                found = _resolved(argument.func, cls) if isinstance(argument, ast.Call) else None
                if isinstance(found, type):
                    made[found] = None
    return tuple(made)


def _resolved(node: ast.expr, cls: type) -> object:
    if isinstance(node, ast.Name):
        return _names_in_module(cls).get(node.id)
    if isinstance(node, ast.Attribute):
        return getattr(_resolved(node.value, cls), node.attr, None)
    return None


def _names_in_module(cls: type) -> dict[str, object]:
    return vars(sys.modules[cls.__module__]) if cls.__module__ in sys.modules else {}


@cache
def _tree(cls: type) -> ast.AST | None:
    try:
        return ast.parse(textwrap.dedent(inspect.getsource(cls)))
    except (OSError, TypeError, SyntaxError):  # made without a source file
        return None


def _nodes(cls: type) -> Iterator[ast.AST]:
    tree = _tree(cls)
    return iter(()) if tree is None else ast.walk(tree)
