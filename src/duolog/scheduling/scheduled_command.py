"""A command that is to be executed later: on its way into the database, and as the database gives it back."""

from dataclasses import dataclass, field
from enum import Enum
from typing import Final, NewType
from uuid import UUID

ScheduledId = NewType("ScheduledId", UUID)
"""Names one scheduled command; it is the command's message id and its idempotency key as well."""

LONGEST_KEY: Final = 200


class ScheduledState(Enum):
    """What is to become of a scheduled command; one that was executed is there no more."""

    WAITING = "waiting"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class NewCommand:
    """An encoded command that is to be scheduled. It is due at ``at`` or, if that is None, ``after`` from its commit.

    Attributes:
        id: unique; a second command with the id of one that is there changes nothing.
        tenant: whose data it is about.
        command: stable name of its type.
        version: schema version of its type.
        payload: UTF-8 JSON.
        metadata: UTF-8 JSON of `StoredMetadata`; the causation is the message or event that scheduled it.
        key: commands of one tenant and key are executed one after another, as they are due; None for no order.
        at: microseconds since 1970.
        after: microseconds, by the database's clock.
    """

    id: ScheduledId
    tenant: str
    command: str
    version: int
    payload: bytes = field(repr=False)
    metadata: bytes
    key: str | None = None
    at: int | None = None
    after: int = 0


@dataclass(frozen=True, slots=True)
class ScheduledCommand:
    """A command that waits to be executed, or was set aside.

    Its times are microseconds since 1970, by the database's clock.

    Attributes:
        id: names it.
        tenant: whose data it is about.
        command: stable name of its type.
        version: schema version of its type.
        payload: UTF-8 JSON.
        metadata: UTF-8 JSON of `StoredMetadata`.
        key: what it is in order with; None for nothing.
        scheduled_at: when it was scheduled.
        due_at: when it is due.
        next_at: when it is tried next: later than due after a failure, and while somebody executes it.
        state: whether it waits.
        owner: who executes it until ``next_at``; empty for nobody.
        attempts: how often it was begun.
        error: class and message of what failed last; empty for nothing.
        traceback: the end of that error's traceback, if it was set aside.
    """

    id: ScheduledId
    tenant: str
    command: str
    version: int
    payload: bytes = field(repr=False)
    metadata: bytes
    key: str | None
    scheduled_at: int
    due_at: int
    next_at: int
    state: ScheduledState
    owner: str
    attempts: int
    error: str
    traceback: str
