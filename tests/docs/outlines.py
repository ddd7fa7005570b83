"""What a class or function says about itself in its source: the same on every version of Python."""

import ast
import inspect
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True)
class Outline:
    """A class or function.

    Attributes:
        name: its name.
        signature: how it is called, with its name; empty for a Protocol and for what nobody makes.
        summary: the first paragraph of its docstring, on one line.
        members: its public methods and properties, by signature what each does; none for a function.
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
            return Outline(node.name, _class_signature(node), _summary(node), dict(_members(node)))
        if isinstance(node, ast.FunctionDef) and node.name == found.__name__:
            return Outline(node.name, f"{_signature(node.name, node.args)}{_returned(node)}", _summary(node), {})
    raise LookupError(found)


@cache
def _module(file: str) -> ast.Module:
    return ast.parse(Path(file).read_text(encoding="utf-8"))


def _summary(node: ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) -> str:
    docstring = ast.get_docstring(node) or ""
    return " ".join(docstring.partition("\n\n")[0].split()).replace("``", "`")


def _class_signature(node: ast.ClassDef) -> str:
    if any(ast.unparse(base).startswith(("Protocol", "Enum")) for base in node.bases):
        return ""
    for each in node.body:
        if isinstance(each, ast.FunctionDef) and each.name == "__init__":
            return _signature(node.name, each.args)
    fields = [each for each in node.body if isinstance(each, ast.AnnAssign) and not _is_hidden(each)]
    if not fields or not _is_data(node):
        return ""
    return f"{node.name}({', '.join(map(_field, fields))})"


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
