"""What the middleware of one message share."""

from contextvars import ContextVar
from enum import Enum
from typing import Any, Final, TypeVar, cast

from duolog.messages.metadata import Metadata

T = TypeVar("T")


class ScopeKind(Enum):
    """What runs in a dependency-injection scope."""

    COMMAND = "command"
    QUERY = "query"
    PROJECTION = "projection"


class MessageContext:
    """One message on its way through the pipeline.

    Middleware leave typed notes for each other and for the caller: `put` a value under its type, `find` it.

    Args:
        message: the message.
        kind: the kind of scope that its handler runs in.
        metadata: its metadata; the context middleware fills in what was not given.
    """

    __slots__ = ("_notes", "attempts", "kind", "message", "metadata")

    def __init__(self, message: object, kind: ScopeKind, metadata: Metadata | None = None) -> None:
        self.message = message
        self.kind = kind
        self.metadata = metadata
        self.attempts = 1
        self._notes: dict[type, object] | None = None

    def put(self, key: type[T], value: T) -> None:
        """Leave a note under its type, in place of an earlier one."""
        if self._notes is None:
            self._notes = {}
        self._notes[key] = value

    def find(self, key: type[T]) -> T | None:
        """Return the note that was left under a type, or None."""
        return cast("T | None", self._notes.get(key)) if self._notes is not None else None

    def drop(self, key: type[Any]) -> None:
        """Take the note under a type away, if there is one."""
        if self._notes is not None:
            self._notes.pop(key, None)


CURRENT_CONTEXT: Final[ContextVar[MessageContext | None]] = ContextVar("duolog_message", default=None)


def current_context() -> MessageContext | None:
    """Return the context of the message that is being handled here, or None outside of one."""
    return CURRENT_CONTEXT.get()
