"""The tables of the write model `tables`, made and changed by Alembic's migrations.

duolog's own tables and the views of projections are not among them: duolog makes those.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from alembic import command
from alembic.config import Config
from sqlalchemy.dialects.sqlite import dialect
from sqlalchemy.schema import CreateTable

from users.infrastructure.models import Model

_MIGRATIONS: Final = Path(__file__).with_name("migrations")
_MEMORY: Final = "memory:"


def migrate(database_url: str) -> None:
    """Bring the tables up to date; any number of processes may do this at once.

    Args:
        database_url: the application's; nothing is done to a database in memory, which has no history.
    """
    if database_url.startswith(_MEMORY):
        return
    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS).replace("%", "%%"))
    config.attributes["database_url"] = database_url
    command.upgrade(config, "head")


def tables_in_memory(database_url: str) -> Mapping[str, str]:
    """Return the DDL of the tables where the database is in memory, made from the models; nothing elsewhere."""
    if not database_url.startswith(_MEMORY):
        return {}
    return {table.name: str(CreateTable(table).compile(dialect=dialect())) for table in Model.metadata.sorted_tables}
