"""How far a subscription has come, and the compare-and-set by which it moves on."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """How far a subscription has come.

    Attributes:
        subscription: its name.
        version: version of the code that processed up to here.
        position: last applied position; everything wanted up to it was applied or parked.
        token: fencing token of the last owner.
        updated_at: when it moved last, microseconds since 1970, by the database's clock.
    """

    subscription: str
    version: int
    position: int
    token: int
    updated_at: int


@dataclass(frozen=True, slots=True)
class CheckpointMove:
    """Moves a checkpoint if it is where its owner believes it to be, in the same transaction as what was processed.

    Attributes:
        subscription: its name.
        version: version of the code.
        token: the owner's fencing token.
        old: the position that it must have.
        new: the position that it gets.
    """

    subscription: str
    version: int
    token: int
    old: int
    new: int


class Checkpoints(Protocol):
    """Reads checkpoints; they are written only together with what was processed."""

    async def read(self, subscription: str) -> Checkpoint | None:
        """Return a subscription's checkpoint, or None if it never ran."""
        ...

    async def read_all(self) -> Sequence[Checkpoint]:
        """Return all checkpoints, by name."""
        ...
