"""SQLAlchemy's sessions in duolog's transactions."""

from duolog.adapters.sqlalchemy.core_reader import CoreReader
from duolog.adapters.sqlalchemy.migrating import run_migration
from duolog.adapters.sqlalchemy.provider import SqlAlchemyProvider
from duolog.adapters.sqlalchemy.transaction_manager import SqlAlchemyTransactionManager
from duolog.adapters.sqlalchemy.versioned import StreamVersioned, Versioned
from duolog.adapters.sqlalchemy.view_tables import tables_of

__all__ = [
    "CoreReader",
    "SqlAlchemyProvider",
    "SqlAlchemyTransactionManager",
    "StreamVersioned",
    "Versioned",
    "run_migration",
    "tables_of",
]
