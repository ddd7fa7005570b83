"""A projection's tables from SQLAlchemy's metadata."""

from collections.abc import Mapping
from typing import Final, Literal

from sqlalchemy import MetaData, Table
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Dialect
from sqlalchemy.schema import CreateIndex, CreateTable

from duolog.errors import ConfigurationError

_DIALECTS: Final[Mapping[str, Dialect]] = {"postgresql": postgresql.dialect(), "sqlite": sqlite.dialect()}  # type: ignore[no-untyped-call,unused-ignore]


def tables_of(
    metadata: MetaData, *names: str, dialect: Literal["postgresql", "sqlite"] = "postgresql"
) -> dict[str, str]:
    """Return the DDL of tables and their indexes, for ``tables`` of a projection.

    ```python
    class UserProjection(Projection):
        name, version = "users_view", 1
        tables = tables_of(Base.metadata, "users_view")
    ```

    Args:
        metadata: where they are declared.
        names: which ones, without a schema; all of them if none is named.
        dialect: whose types are written; SQLite takes those of PostgreSQL, too, but for what PostgreSQL alone has.

    Raises:
        ConfigurationError: there is no such table, or one has a schema: a rebuild puts tables elsewhere.
    """
    chosen = [table for table in metadata.sorted_tables if not names or table.name in names]
    missing = sorted(set(names) - {table.name for table in chosen})
    if missing:
        message = f"the metadata has no table {', '.join(missing)}"
        raise ConfigurationError(message, hint=f"It has: {', '.join(sorted(metadata.tables)) or 'none'}.")
    apart = [table.name for table in chosen if table.schema is not None]
    if apart:
        message = f"the tables {', '.join(apart)} of a view have a schema"
        raise ConfigurationError(message, hint="Leave it out: a rebuild has tables of its own, in a place of its own.")
    return {str(table.name): _ddl(table, _DIALECTS[dialect]) for table in chosen}


def _ddl(table: Table, dialect: Dialect) -> str:
    indexes = [CreateIndex(each) for each in sorted(table.indexes, key=lambda index: str(index.name))]
    made = [CreateTable(table).compile(dialect=dialect), *(each.compile(dialect=dialect) for each in indexes)]
    return ";\n".join(str(each).strip() for each in made)
