"""SQLAlchemy's sessions in duolog's transactions."""

from duolog.adapters.sqlalchemy.provider import SqlAlchemyProvider
from duolog.adapters.sqlalchemy.transaction_manager import SqlAlchemyTransactionManager

__all__ = ["SqlAlchemyProvider", "SqlAlchemyTransactionManager"]
