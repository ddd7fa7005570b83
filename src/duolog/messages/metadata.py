"""What travels with a message: who, for whom, because of what, and in which trace."""

from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Final
from uuid import UUID

from duolog.ids import uuid7


@dataclass(frozen=True, slots=True)
class Actor:
    """Who sends a message.

    Attributes:
        id: the actor's identifier; stored with every event it causes.
        roles: what it may act as; never stored.
    """

    id: str
    roles: frozenset[str] = frozenset()

    def has_role(self, role: str) -> bool:
        """Tell whether the actor has ``role``."""
        return role in self.roles


@dataclass(frozen=True, slots=True)
class Metadata:
    """The context of one message; child messages keep the correlation and are caused by their parent.

    Attributes:
        message_id: this message's own id (UUIDv7).
        correlation_id: shared by everything that one outside request set off.
        causation_id: the message or event that caused this one; None at the beginning.
        actor: who sent it; None for anonymous.
        tenant: whose data it is about; the empty text where there is only one.
        traceparent: W3C trace context, or None.
    """

    message_id: UUID = field(default_factory=uuid7)
    correlation_id: UUID = field(default_factory=uuid7)
    causation_id: UUID | None = None
    actor: Actor | None = None
    tenant: str = ""
    traceparent: str | None = None


_current: Final[ContextVar[Metadata | None]] = ContextVar("duolog_metadata", default=None)


def current_metadata() -> Metadata | None:
    """Return the metadata of the message that is being handled here, or None outside of one."""
    return _current.get()


CURRENT_METADATA: Final = _current
