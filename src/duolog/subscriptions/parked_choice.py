"""Choosing parked events to be tried again, and what came of them."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ParkedChoice:
    """Chooses parked events to retry; None chooses all.

    Attributes:
        subscription: of this projection or process.
        tenant: of this tenant.
        key: of this stream, or key of a projection or process.
    """

    subscription: str | None = None
    tenant: str | None = None
    key: str | None = None


@dataclass(frozen=True, slots=True)
class RetriedKey:
    """What came of one key.

    Attributes:
        subscription: the projection's or process's name.
        tenant: whose events they are.
        key: their stream.
        applied: how many are in the view now, or were reacted to.
        parked: how many are still parked.
        position: the event that failed; None if none did.
        error: its new error; empty if none failed.
        held_back: it was not tried, since another key that had failed in the same way has failed again.
        skipped: the event that was skipped; None if none was.
    """

    subscription: str
    tenant: str
    key: str
    applied: int
    parked: int
    position: int | None = None
    error: str = ""
    held_back: bool = False
    skipped: int | None = None
