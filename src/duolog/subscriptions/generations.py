"""Generations: a view may exist several times, of which queries see one."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Protocol


class Role(Enum):
    """What a generation is there for."""

    LIVE = "live"
    """Queries read it: its tables have the names that the projection declares."""
    SHADOW = "shadow"
    """It is being built; its tables are apart."""
    PREVIOUS = "previous"
    """It was live, and is kept going for a time; its tables are apart."""


@dataclass(frozen=True, slots=True)
class Generation:
    """One of the times that a view exists.

    Attributes:
        subscription: the view's name.
        number: from 1; a later one has a greater number.
        version: version of the code that builds it.
        role: what it is there for.
        since: when it got this role, microseconds since 1970, by the database's clock.
        tables: the names of its tables as the projection declares them, in their order.
    """

    subscription: str
    number: int
    version: int
    role: Role
    since: int
    tables: tuple[str, ...] = ()


def live_of(generations: Iterable[Generation]) -> Generation | None:
    """Return the generation of a view that queries read; None if there is none among them."""
    return next((each for each in generations if each.role is Role.LIVE), None)


class Generations(Protocol):
    """Reads generations. Whoever changes a role fences the owners of both generations off, by greater tokens."""

    async def read(self, subscription: str) -> Sequence[Generation]:
        """Return the generations of a subscription, by number; none if it never ran."""
        ...

    async def read_all(self) -> Sequence[Generation]:
        """Return all generations, by subscription and number."""
        ...

    async def outlived(self, subscription: str, *, seconds: float) -> Sequence[Generation]:
        """Return the previous generations that have had their time, by number.

        One with a greater number than the live one is not among them: somebody went back from it, and it would be
        built again if it were dropped.

        Args:
            subscription: the subscription's name.
            seconds: how long a generation is kept after it was live, by the database's clock.
        """
        ...
