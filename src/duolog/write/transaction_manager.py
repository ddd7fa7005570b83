"""The port by which an interactor commits."""

from typing import Protocol


class TransactionManager(Protocol):
    """Owns the unit of work of one command scope."""

    async def commit(self) -> None:
        """Seal the unit of work.

        The scope performs the one real COMMIT after ``execute`` has returned; conflicts and broken constraints are
        raised there. An exception after ``commit()`` still rolls everything back. Outside the pipeline it commits at
        once. Calling it again does nothing.

        Raises:
            UnitOfWorkError: the unit of work was rolled back.
        """
        ...

    async def rollback(self) -> None:
        """Drop everything that is staged."""
        ...
