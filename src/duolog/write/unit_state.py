"""How far a unit of work is."""

from enum import Enum

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
        if self is UnitState.SEALED:
            message = f"cannot {what} after commit()"
            raise WorkAfterCommitError(message)
        if self not in (UnitState.OPEN, UnitState.FLUSHING):
            message = f"cannot {what}: the unit of work is {self.value}"
            raise UnitOfWorkError(message, hint="Every message gets a scope and a unit of work of its own.")

    def check_live(self, what: str) -> None:
        """Refuse what may be done in an open or sealed unit only.

        Args:
            what: what is to be done, for the error.

        Raises:
            UnitOfWorkError: the unit was committed or rolled back, so its scope is over.
        """
        if self is not UnitState.SEALED:
            self.check_open(what)
