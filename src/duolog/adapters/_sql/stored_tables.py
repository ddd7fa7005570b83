"""The tables of a generation as they are stored, where there is one name space."""

import sqlite3

from duolog.adapters._sql.generation_tables import stored_names
from duolog.database.stored_tables import StoredTable
from duolog.subscriptions.generations import Generation

_COLUMNS = "SELECT name, pk FROM pragma_table_info(:name) ORDER BY cid"


def read_stored_tables(connection: sqlite3.Connection, generation: Generation) -> list[StoredTable]:
    """Return the tables of a generation, in their order; those that are missing are left out."""
    tables: list[StoredTable] = []
    for name, stored in zip(generation.tables, stored_names(generation), strict=True):
        columns = connection.execute(_COLUMNS, {"name": stored}).fetchall()
        key = sorted((place, column) for column, place in columns if place)
        if columns:
            source = '"' + stored.replace('"', '""') + '"'
            tables.append(StoredTable(name, source, tuple(row[0] for row in columns), tuple(each for _, each in key)))
    return tables
