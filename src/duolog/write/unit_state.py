"""How far a unit of work is."""

from enum import Enum
from typing import Final

from duolog.errors import UnitOfWorkError, WorkAfterCommitError


class UnitState(Enum):
    """The states of a unit of work: it is sealed, flushed and then committed, or rolled back."""

    OPEN = "open"
    SEALED = "sealed"
    FLUSHING = "being flushed"
    COMMITTED = "committed"
    ROLLED_BACK = "rolled back"

    def check_open(self, what: str) -> None:
        """Refuse what may be done in an open unit only, and by those who write late while they flush.

        Args:
            what: what is to be done, for the error.

        Raises:
            WorkAfterCommitError: the unit is sealed.
            UnitOfWorkError: the unit was committed or rolled back.
        """
        if self is SEALED:
            message = f"cannot {what} after commit()"
            raise WorkAfterCommitError(message)
        if self is not OPEN and self is not FLUSHING:
            message = f"cannot {what}: the unit of work is {self.value}"
            raise UnitOfWorkError(message, hint="Every message gets a scope and a unit of work of its own.")

    def check_live(self, what: str) -> None:
        """Refuse what may be done in an open or sealed unit only.

        Args:
            what: what is to be done, for the error.

        Raises:
            UnitOfWorkError: the unit was committed or rolled back, so its scope is over.
        """
        if self is not SEALED:
            self.check_open(what)


# An enum's member is slow to look up, and every command asks more than ten times.
OPEN: Final = UnitState.OPEN
SEALED: Final = UnitState.SEALED
FLUSHING: Final = UnitState.FLUSHING
COMMITTED: Final = UnitState.COMMITTED
ROLLED_BACK: Final = UnitState.ROLLED_BACK
