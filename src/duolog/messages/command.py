"""Commands: requests to change state."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Generic, Self, TypeVar

from duolog.messages.binding import Binding, Executes, M, MessageKind, R, R_co
from duolog.messages.names import check_type_name, spec_of

C = TypeVar("C")

_SPEC: Final = "__duolog_command__"


class Command(Generic[R_co]):
    """Base of a command: an immutable request to change state, whose handler returns ``R``.

    Subclass it with ``@dataclass(frozen=True, slots=True)``. ``R`` is an id, ``None`` or a small result.
    """

    __slots__ = ()

    @classmethod
    def handled_by(cls, handler: Callable[..., Executes[Self, R_co]]) -> Binding[Self, R_co]:
        """Bind the interactor that executes this command.

        Args:
            handler: a class with ``async def execute(self, cmd: ThisCommand) -> R``.

        Returns:
            The binding, for ``Application(handlers=[...])``.
        """
        return Binding(cls, handler, MessageKind.COMMAND)


def bind_command(message: type[M], handler: Callable[..., Executes[M, R]]) -> Binding[M, R]:
    """Bind an interactor to a command that is a plain dataclass.

    Args:
        message: the command's class; it needs no base.
        handler: a class with ``async def execute(self, cmd: message) -> R``.

    Returns:
        The binding; ``await app.execute_bound(binding, cmd)`` returns ``R``.
    """
    return Binding(message, handler, MessageKind.COMMAND)


@dataclass(frozen=True, slots=True)
class CommandSpec:
    """The stable name of a command that is stored or sent.

    Attributes:
        name: dotted lower-case name, like ``user.create``.
        version: schema version, from 1.
        cls: the class that was decorated.
    """

    name: str
    version: int
    cls: type


def command(name: str, *, version: int = 1) -> Callable[[type[C]], type[C]]:
    """Give a command the stable name under which it is stored or sent. The outermost decorator.

    Args:
        name: dotted lower-case name, like ``user.create``.
        version: schema version, from 1.

    Returns:
        A class decorator.

    Raises:
        UnnamedTypeError: the name or the version is not allowed.
    """
    check_type_name(name, version)

    def register(cls: type[C]) -> type[C]:
        setattr(cls, _SPEC, CommandSpec(name, version, cls))
        return cls

    return register


def is_named_command(cls: type) -> bool:
    """Tell whether a class has a stable name of its own, so that its commands can be stored."""
    spec = getattr(cls, _SPEC, None)
    return isinstance(spec, CommandSpec) and spec.cls is cls


def command_spec(cls: type) -> CommandSpec:
    """Return the stable name of a command class.

    Raises:
        UnnamedTypeError: the class has no ``@command``, or it is not the outermost decorator.
    """
    return spec_of(cls, _SPEC, CommandSpec, decorator="command", use="stored or sent")
