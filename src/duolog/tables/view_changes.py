"""What a view has come to: a number that tells two states of a view apart, and which of them is the later one."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

ViewVersion = tuple[int, int, int]
"""Since when the generation is live, its number, and how many commits have changed it. The greater one is later."""


@dataclass(frozen=True, slots=True)
class ViewChanges:
    """How far a view's live generation has come, as one snapshot shows it.

    The number only grows: every commit that writes to the view adds one to its share's, in its own transaction;
    dividing a share copies the number, joining two adds them. Another generation became live at another time. So a view
    that has the same version twice has not changed in between, and of two versions the greater one is later.

    Attributes:
        version: what it has come to.
        position: every share of it has applied what it wants of the log up to there, at least.
    """

    version: ViewVersion
    position: int

    @classmethod
    def of_rows(cls, rows: Sequence[Sequence[Any]]) -> "Mapping[str, ViewChanges]":
        """Make them of rows: the view's name, since when it is live, its number, changes and least position."""
        return {
            str(name): cls((int(since), int(number), int(changes)), int(position))
            for name, since, number, changes, position in rows
        }


class ReadsViewChanges(Protocol):
    """Tells what views have come to."""

    async def view_changes(self, views: Sequence[str]) -> Mapping[str, ViewChanges]:
        """Return what views have come to, by name, all in one snapshot; one that never ran is left out.

        Args:
            views: the projections' names.

        Raises:
            DatabaseError: the database failed.
        """
        ...
