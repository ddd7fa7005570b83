"""A projection's tables from metadata."""

from pathlib import Path

import pytest
from sqlalchemy import BigInteger, Column, ForeignKey, Index, MetaData, String, Table

from duolog.adapters.sqlalchemy import tables_of
from duolog.database.port import View
from duolog.errors import ConfigurationError
from tests.contract.backends import MakeDatabase, make_empty

__all__ = ["make_empty"]

METADATA = MetaData()
USERS = Table(
    "metadata_users",
    METADATA,
    Column("id", String, primary_key=True),
    Column("hits", BigInteger, nullable=False),
    Index("metadata_users_hits", "hits"),
)
NOTES = Table("metadata_notes", METADATA, Column("user_id", ForeignKey("metadata_users.id"), primary_key=True))


async def test_declared_tables_become_those_of_a_view(make_empty: MakeDatabase, tmp_path: Path) -> None:
    """With their indexes, each table before those that refer to it, on every database."""
    tables = tables_of(METADATA)
    assert list(tables) == ["metadata_users", "metadata_notes"]
    assert "CREATE INDEX metadata_users_hits" in tables["metadata_users"]
    database = make_empty(tmp_path)
    await database.open()
    try:
        await database.prepare_view(View("metadata_view", 1, tables))
        reader = database.open_reader()
        assert await reader.fetch_value("SELECT count(*) FROM metadata_users") == 0
        await reader.close()
    finally:
        await database.close()


def test_tables_are_chosen_by_name() -> None:
    """One that is not there is an error that says which are."""
    assert list(tables_of(METADATA, "metadata_users", dialect="sqlite")) == ["metadata_users"]
    with pytest.raises(ConfigurationError, match="no table nowhere"):
        tables_of(METADATA, "nowhere")
    apart = MetaData(schema="apart")
    Table("t", apart, Column("id", String, primary_key=True))
    with pytest.raises(ConfigurationError, match="have a schema"):
        tables_of(apart)
