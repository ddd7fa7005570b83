"""Bringing a database's schema up to date, and telling what that takes."""

from collections.abc import Sequence

from duolog.database.port import Database


async def apply_migrations(database: Database) -> Sequence[str]:
    """Apply every pending migration; a database that does not exist yet is created.

    Args:
        database: a database that is not open; it is closed again at the end.

    Returns:
        The names of the migrations that were pending, in order.

    Raises:
        SchemaError: the schema is newer than this release, or was tampered with.
        DatabaseError: it cannot be opened.
    """
    pending = await database.pending_migrations()
    await database.open()
    await database.close()
    return pending
