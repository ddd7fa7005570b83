"""Pauses: subscriptions that nobody is to advance for a time, whatever process it runs in."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Pause:
    """Why a subscription stands still on purpose.

    Attributes:
        by: who paused it.
        since: since when, microseconds since 1970, by the database's clock.
    """

    by: str
    since: int


class Pauses(Protocol):
    """Keeps them in the database, so that every process obeys, and processes that start later do."""

    async def read(self) -> Mapping[str, Pause]:
        """Return all pauses, by subscription."""
        ...

    async def pause(self, subscription: str, *, by: str) -> None:
        """Pause a subscription; one that is paused already stays so since then.

        Args:
            subscription: its name.
            by: who does it.
        """
        ...

    async def resume(self, subscription: str) -> None:
        """Let a subscription go on; does nothing if it is not paused."""
        ...
