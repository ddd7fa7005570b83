"""The transaction manager over a SQLAlchemy session."""

from sqlalchemy.ext.asyncio import AsyncSession

from duolog.write.unit_of_work import UnitOfWork


class SqlAlchemyTransactionManager:
    """A `TransactionManager` over a command's session: entities, events and idempotency key are one transaction.

    Taking it obliges the interactor to commit.

    Args:
        session: the command's session.
        unit: the unit of work that the session is part of.
    """

    __slots__ = ("_session",)

    def __init__(self, session: AsyncSession, unit: UnitOfWork) -> None:
        unit.transaction_manager_resolved = True
        self._session = session

    async def commit(self) -> None:
        """Seal the unit of work; the scope flushes and commits it after ``execute``."""
        await self._session.commit()

    async def rollback(self) -> None:
        """Drop everything that is staged, and the session's changes."""
        await self._session.rollback()
