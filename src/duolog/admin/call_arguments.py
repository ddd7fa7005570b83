"""Which classes the source of a class makes and hands to a method, as far as the source alone tells it."""

import ast
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final

from duolog.admin.source_code import nodes_of, resolved
from duolog.messages.event import is_event

# By method: the place of its messages among the arguments, and their name.
_PLACES: Final[Mapping[str, tuple[slice, str]]] = MappingProxyType(
    {
        "publish": (slice(-1, None), "event"),
        "raise_event": (slice(1), "event"),
        "send": (slice(1), "command"),
        "stage": (slice(1, 2), "events"),
        "save": (slice(1, 2), "events"),
    }
)
_GROWS: Final = frozenset({"append", "extend", "add"})
_COPIES: Final = frozenset({"list", "tuple", "sorted", "reversed"})


def classes_passed_to(method: str, cls: type) -> tuple[type, ...]:
    """Return the classes whose instances the source of a class hands to a method as events, or as commands to ``send``.

    They are made in the call itself, ``publish(UserCreated(...))``, in a list or an expression there, ``stage(stream,
    [A(...), B(...)])``, or were assigned to a local name, or are told by its annotation.

    Args:
        method: ``publish``, ``raise_event``, ``stage``, ``save`` or ``send``, whatever object has it.
        cls: whose source is read.
    """
    place, name = _PLACES[method]
    made: dict[type, None] = {}
    for function in nodes_of(cls):
        if not isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        names = _Names(cls, function)
        for node in ast.walk(function):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == method:
                named = [keyword.value for keyword in node.keywords if keyword.arg == name]
                # Others have methods of these names, too: what they get counts only if it is an event.
                is_ours = method != "save" and (method != "publish" or len(node.args) <= 1)
                for argument in (*node.args[place], *named):
                    made.update({each: None for each in names.classes_of(argument) if is_ours or is_event(each)})
    return tuple(made)


@dataclass
class _Names:
    """The names of one function: what is assigned to them, and the events in their annotations."""

    cls: type
    function: ast.AST
    values: defaultdict[str, list[ast.expr]] = field(default_factory=lambda: defaultdict(list))
    annotated: defaultdict[str, list[type]] = field(default_factory=lambda: defaultdict(list))

    def __post_init__(self) -> None:
        for node in ast.walk(self.function):
            match node:
                case ast.Assign(targets=[ast.Name(id=name)], value=value):
                    self.values[name].append(value)
                case ast.AnnAssign(target=ast.Name(id=name), annotation=annotation, value=value):
                    self._annotate(name, annotation)
                    self.values[name] += [value] if value is not None else []
                case ast.AugAssign(target=ast.Name(id=name), value=value):
                    self.values[name].append(value)
                case ast.NamedExpr(target=ast.Name(id=name), value=value):
                    self.values[name].append(value)
                case (
                    ast.For(target=ast.Name(id=name), iter=value)
                    | ast.comprehension(target=ast.Name(id=name), iter=value)
                ):
                    self.values[name].append(value)
                case ast.Call(func=ast.Attribute(value=ast.Name(id=name), attr=attribute), args=[value]):
                    self.values[name] += [value] if attribute in _GROWS else []
                case ast.arg(arg=name, annotation=annotation) if annotation is not None:
                    self._annotate(name, annotation)
                case _:
                    pass

    def classes_of(self, node: ast.expr, seen: frozenset[str] = frozenset()) -> Iterator[type]:
        """Return the classes of which an expression makes instances."""
        match node:
            case ast.Call(func=ast.Name(id=name), args=arguments) if name in _COPIES:
                parts = arguments
            case ast.Call(func=function):
                found = _made_by(function, self.cls)
                if found is not None:
                    yield found
                return
            case ast.Name(id=name):
                yield from self.annotated.get(name, ())
                parts = [] if name in seen else self.values.get(name, [])
                seen |= {name}
            case _:
                parts = _parts(node)
        for part in parts:
            yield from self.classes_of(part, seen)

    def _annotate(self, name: str, annotation: ast.expr) -> None:
        for node in ast.walk(annotation):
            found = resolved(node, self.cls) if isinstance(node, ast.expr) else None
            if isinstance(found, type) and is_event(found):
                self.annotated[name].append(found)


def _parts(node: ast.expr) -> list[ast.expr]:
    match node:
        case ast.List(elts=parts) | ast.Tuple(elts=parts) | ast.Set(elts=parts) | ast.BoolOp(values=parts):
            return parts
        case ast.Starred(value=part) | ast.Await(value=part) | ast.NamedExpr(value=part):
            return [part]
        case ast.ListComp(elt=part) | ast.GeneratorExp(elt=part) | ast.SetComp(elt=part):
            return [part]
        case ast.IfExp(body=first, orelse=second) | ast.BinOp(left=first, right=second):
            return [first, second]
        case _:
            return []


def _made_by(function: ast.expr, cls: type) -> type | None:
    found = resolved(function, cls)
    owner = getattr(found, "__self__", None)  # of a class method, which makes one in its own way
    if isinstance(owner, type) and is_event(owner):
        return owner
    return found if isinstance(found, type) else None
