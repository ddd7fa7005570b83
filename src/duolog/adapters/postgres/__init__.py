"""A PostgreSQL database: a bounded pool of connections, and the log, tables and views in it."""

from duolog.adapters.postgres.database import open_database

__all__ = ["open_database"]
