"""What a class or function says about itself in its source: the same on every version of Python."""

import ast
import inspect
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import duolog


@dataclass(frozen=True, slots=True)
class Outline:
    """A class or function.

    Attributes:
        name: its name.
        signature: how it is called, with its name; empty for a Protocol and for what nobody makes.
        summary: the first paragraph of its docstring, on one line.
        members: its public methods and properties, those of its bases too, by signature what each does; none for a
            function.
    """

    name: str
    signature: str
    summary: str
    members: dict[str, str]


def outline(found: Any) -> Outline:
    """Read the outline of a class or function.

    Raises:
        LookupError: its module does not define it at the top.
    """
    for node in _module(inspect.getsourcefile(found) or "").body:
        if isinstance(node, ast.ClassDef) and node.name == found.__name__:
            made = (_class_signature(each, node.name) for each in (node, *_hidden_bases(found)))
            return Outline(node.name, next(filter(None, made), ""), _summary(node), _all_members(found, node))
        if isinstance(node, ast.FunctionDef) and node.name == found.__name__:
            return Outline(node.name, f"{_signature(node.name, node.args)}{_returned(node)}", _summary(node), {})
    raise LookupError(found)


@cache
def _module(file: str) -> ast.Module:
    return ast.parse(Path(file).read_text(encoding="utf-8"))


def _summary(node: ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) -> str:
    docstring = ast.get_docstring(node) or ""
    return " ".join(docstring.partition("\n\n")[0].split()).replace("``", "`")


def _class_signature(node: ast.ClassDef, name: str) -> str:
    if any(ast.unparse(base).startswith(("Protocol", "Enum")) for base in node.bases):
        return ""
    for each in node.body:
        if isinstance(each, ast.FunctionDef) and each.name == "__init__":
            return _signature(name, each.args)
    fields = [each for each in node.body if isinstance(each, ast.AnnAssign) and not _is_hidden(each)]
    if not fields or not _is_data(node):
        return ""
    return f"{name}({', '.join(map(_field, fields))})"


def _is_data(node: ast.ClassDef) -> bool:
    decorators = [ast.unparse(decorator) for decorator in node.decorator_list]
    return any(text.startswith("dataclass") for text in decorators) or any(
        ast.unparse(base) == "msgspec.Struct" for base in node.bases
    )


def _is_hidden(field: ast.AnnAssign) -> bool:
    text = ast.unparse(field)
    return text.startswith("_") or "init=False" in text or "ClassVar" in text


def _field(field: ast.AnnAssign) -> str:
    text = f"{ast.unparse(field.target)}: {ast.unparse(field.annotation)}"
    if field.value is None or ast.unparse(field.value) == "field(repr=False)":
        return text
    is_made = isinstance(field.value, ast.Call)
    return f"{text} = {'...' if is_made else ast.unparse(field.value)}"


def _hidden_bases(cls: type) -> Iterator[ast.ClassDef]:
    """Give the bases of a class that are duolog's and not public: a public one has a section of its own."""
    for base in cls.__mro__[1:]:
        if base.__module__.startswith("duolog.") and not hasattr(duolog, base.__name__):
            for node in _module(inspect.getsourcefile(base) or "").body:
                if isinstance(node, ast.ClassDef) and node.name == base.__name__:
                    yield node


def _all_members(cls: type, own: ast.ClassDef) -> dict[str, str]:
    """Return the members of a class and of its hidden bases, each once, as the nearest class has it."""
    found: dict[str, tuple[str, str]] = {}
    for node in (own, *_hidden_bases(cls)):
        for signature, summary in _members(node):
            found.setdefault(signature.removeprefix("async ").partition("(")[0], (signature, summary))
    return dict(found.values())


def _members(node: ast.ClassDef) -> Iterator[tuple[str, str]]:
    for each in node.body:
        if not isinstance(each, ast.FunctionDef | ast.AsyncFunctionDef) or each.name.startswith("_"):
            continue
        decorators = {ast.unparse(decorator) for decorator in each.decorator_list}
        if "overload" in decorators:
            continue
        if "property" in decorators:
            yield each.name, _summary(each)
            continue
        prefix = "async " if isinstance(each, ast.AsyncFunctionDef) else ""
        yield f"{prefix}{_signature(each.name, each.args)}{_returned(each)}", _summary(each)


def _returned(node: ast.FunctionDef | ast.AsyncFunctionDef) -> str:
    return f" -> {ast.unparse(node.returns)}" if node.returns else ""


def _signature(name: str, arguments: ast.arguments) -> str:
    positional = [*arguments.posonlyargs, *arguments.args]
    defaults = [None] * (len(positional) - len(arguments.defaults)) + arguments.defaults
    texts = [_argument(argument, default) for argument, default in zip(positional, defaults, strict=True)]
    if arguments.posonlyargs:
        texts.insert(len(arguments.posonlyargs), "/")
    if arguments.vararg:
        texts.append(f"*{_argument(arguments.vararg, None)}")
    elif arguments.kwonlyargs:
        texts.append("*")
    texts += map(_argument, arguments.kwonlyargs, arguments.kw_defaults)
    if texts[:1] in (["self"], ["cls"]):
        texts = texts[1:]
    if texts[:1] == ["/"]:
        texts = texts[1:]
    return f"{name}({', '.join(texts)})"


def _argument(argument: ast.arg, default: ast.expr | None) -> str:
    text = f"{argument.arg}: {ast.unparse(argument.annotation)}" if argument.annotation else argument.arg
    if default is None:
        return text
    shown = ast.unparse(default)
    return f"{text} = {'...' if shown.startswith('_') else shown}"
