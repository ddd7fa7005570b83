"""A SQLite file as the database: one writer thread with group commit, and read-only connections."""

from duolog.adapters.sqlite.database import open_database

__all__ = ["open_database"]
