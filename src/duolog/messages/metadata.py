"""What travels with a message: who, for whom, because of what, and in which trace."""

from dataclasses import dataclass, field
from typing import Final
from uuid import UUID

from duolog.errors import PayloadError
from duolog.ids import uuid7
from duolog.messages.tag import UNSTORABLE

_LONGEST: Final = 200


@dataclass(frozen=True, slots=True)
class Actor:
    """Who sends a message.

    Attributes:
        id: the actor's identifier, 1 to 200 characters; stored with every event it causes.
        roles: what it may act as; never stored.

    Raises:
        PayloadError: the identifier is empty, too long, or cannot be stored.
    """

    id: str
    roles: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        """Check the identifier."""
        _check("an actor's id", self.id, least=1)

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
        tenant: whose data it is about, 200 characters at most; the empty text where there is only one.
        traceparent: W3C trace context, or None.

    Raises:
        PayloadError: the tenant is too long, or cannot be stored.
    """

    message_id: UUID = field(default_factory=uuid7)
    correlation_id: UUID = field(default_factory=uuid7)
    causation_id: UUID | None = None
    actor: Actor | None = None
    tenant: str = ""
    traceparent: str | None = None

    def __post_init__(self) -> None:
        """Check the tenant."""
        if self.tenant:
            _check("a tenant", self.tenant, least=0)


def _check(what: str, text: str, *, least: int) -> None:
    if not least <= len(text) <= _LONGEST or UNSTORABLE.search(text):
        message = f"{what} must have {least} to {_LONGEST} characters, none of them NUL"
        raise PayloadError(message, hint="Lone surrogates are no characters: decode the text properly first.")


def child_metadata(parent: Metadata | None) -> Metadata:
    """Make the metadata of a message that is caused by ``parent``; None begins a correlation."""
    message_id = uuid7()
    if parent is None:
        return Metadata(message_id, message_id)
    return Metadata(
        message_id,
        parent.correlation_id,
        parent.message_id,
        parent.actor,
        parent.tenant,
        parent.traceparent,
    )
