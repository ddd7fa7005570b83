"""What the middleware of one message share."""

from contextvars import ContextVar
from enum import Enum
from typing import Any, Final, TypeVar, cast

import msgspec

from duolog.messages.metadata import Metadata, child_metadata

T = TypeVar("T")


class ScopeKind(Enum):
    """What runs in a dependency-injection scope."""

    COMMAND = "command"
    QUERY = "query"
    PROJECTION = "projection"
    PROCESS = "process"


class OnOwnAuthority(msgspec.Struct, frozen=True):
    """The note on a command that the application sends to itself: the authorizer is not asked.

    Whoever scheduled it was allowed to. Its metadata name the actor because of whom it was scheduled, whose roles are
    stored nowhere.
    """


class MessageContext(msgspec.Struct, eq=False):  # made for every message, and a struct is made fastest
    """One message on its way through the pipeline.

    Middleware leave typed notes for each other and for the caller: `put` a value under its type, `find` it.

    Args:
        message: the message; None for a batch of a projection.
        kind: the kind of scope that its handler runs in.
        given: the metadata that its sender gave it, or None.
        cause: the metadata of the message that is being handled where it was sent, or None.
        attempts: how often it was begun so far.
        notes: by their type; see `put` and `find`.
    """

    message: object
    kind: ScopeKind
    given: Metadata | None = None
    cause: Metadata | None = None
    attempts: int = 1
    notes: dict[type, object] | None = None

    @property
    def metadata(self) -> Metadata | None:
        """Its metadata: what was given, or made of its cause's when first asked for; None in a projection."""
        if self.given is None and self.kind is not ScopeKind.PROJECTION:
            self.given = child_metadata(self.cause)
        return self.given

    @metadata.setter
    def metadata(self, metadata: Metadata) -> None:
        self.given = metadata

    def put(self, key: type[T], value: T) -> None:
        """Leave a note under its type, in place of an earlier one."""
        if self.notes is None:
            self.notes = {key: value}
        else:
            self.notes[key] = value

    def find(self, key: type[T]) -> T | None:
        """Return the note that was left under a type, or None."""
        return cast("T | None", self.notes.get(key)) if self.notes is not None else None

    def drop(self, key: type[Any]) -> None:
        """Take the note under a type away, if there is one."""
        if self.notes is not None:
            self.notes.pop(key, None)


CURRENT_CONTEXT: Final[ContextVar[MessageContext | None]] = ContextVar("duolog_message", default=None)


def current_context() -> MessageContext | None:
    """Return the context of the message that is being handled here, or None outside of one."""
    return CURRENT_CONTEXT.get()


def current_metadata() -> Metadata | None:
    """Return the metadata of the message that is being handled here, or None outside of one."""
    context = CURRENT_CONTEXT.get()
    return context.metadata if context is not None else None
