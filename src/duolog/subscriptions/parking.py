"""Parked events: those that could not be applied, and those that came after them for the same key."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Protocol

from duolog.subscriptions.share import Share


class ParkReason(Enum):
    """Why an event is parked."""

    UNKNOWN = "unknown"
    UNDECODABLE = "undecodable"
    HANDLER_RAISED = "handler_raised"
    DATABASE_REFUSED = "database_refused"
    BEHIND_PARKED = "behind_parked"


@dataclass(frozen=True, slots=True)
class ParkedEvent:
    """An event that a subscription set aside.

    Attributes:
        subscription: which one.
        tenant: whose event it is.
        key: what it is in order with: its stream, or the key that the subscription declares.
        position: its position in the log.
        type: its stored type.
        reason: why.
        error: the error's class and message; empty behind another one.
        traceback: the error's traceback; empty behind another one.
        parked_at: microseconds since 1970; 0 until it is recorded.
        generation: number of the generation whose view lacks it.
    """

    subscription: str
    tenant: str
    key: str
    position: int
    type: str
    reason: ParkReason
    error: str = ""
    traceback: str = ""
    parked_at: int = 0
    generation: int = 1


class Parking(Protocol):
    """Reads what is parked; it is written only together with the checkpoint that passes it."""

    async def keys(self, share: Share) -> frozenset[tuple[str, str]]:
        """Return (tenant, key) of everything that is parked of a share."""
        ...

    async def is_parked(self, subscription: str, positions: range) -> bool:
        """Tell whether an event at one of these positions is parked, so that the live view lacks it."""
        ...

    async def read(
        self,
        subscription: str | None = None,
        *,
        tenant: str | None = None,
        key: str | None = None,
        position: int | None = None,
        generation: int | None = None,
        limit: int | None = 100,
    ) -> Sequence[ParkedEvent]:
        """Return parked events by position; what is left out (None) chooses all.

        Args:
            subscription: of this one.
            tenant: of this tenant.
            key: of this key.
            position: at this position.
            generation: of this generation.
            limit: at most so many; None for all.
        """
        ...

    async def counts(self) -> dict[str, int]:
        """Return how many events each live view lacks because they are parked; those with none are left out."""
        ...
