"""The database in memory, behind ``memory://``."""

from duolog.adapters.memory.database import open_database

__all__ = ["open_database"]
