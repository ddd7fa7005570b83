"""Which handler answers which message, in a form that the type checker can refuse."""

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from enum import Enum
from typing import Generic, Protocol, TypeVar

M = TypeVar("M")
R = TypeVar("R")
M_contra = TypeVar("M_contra", contravariant=True)
R_co = TypeVar("R_co", covariant=True)
Item_co = TypeVar("Item_co", covariant=True)


class MessageKind(Enum):
    """What a message asks for."""

    COMMAND = "command"
    QUERY = "query"
    STREAM = "stream"


class Executes(Protocol[M_contra, R_co]):
    """A handler of a command or query: any class with a fitting ``async execute``."""

    async def execute(self, message: M_contra, /) -> R_co:
        """Handle one message and return its result."""
        ...


class Streams(Protocol[M_contra, Item_co]):
    """A handler of a stream query: ``execute`` returns an async iterator (usually an async generator)."""

    def execute(self, message: M_contra, /) -> AsyncIterator[Item_co]:
        """Handle one message and yield its items."""
        ...


class ReadModel(Protocol):
    """What a query service reads: every projection class has a name and a version."""

    name: str
    version: int


@dataclass(frozen=True, slots=True)
class Binding(Generic[M, R]):
    """A message type, the handler that answers it, and the read models behind the answer.

    Attributes:
        message: the message's class.
        handler: the handler's class; built anew by the container for each message.
        kind: command, query or stream.
        reads: projections whose views the handler reads; `after=` waits for them.
    """

    message: type[M]
    handler: Callable[..., object]
    kind: MessageKind
    reads: tuple[type[ReadModel], ...] = ()

    @property
    def name(self) -> str:
        """The message's class name, for errors, spans and logs."""
        return self.message.__name__
