"""How Alembic reaches the database: for the demonstration, and for `alembic -c examples/users/alembic.ini ...`."""

import os

from alembic import context
from sqlalchemy import Connection

from duolog.adapters.sqlalchemy import run_migration
from users.infrastructure.models import Model


def is_ours(name: str | None, kind: str, _: object) -> bool:
    """Leave out what duolog keeps in the same database."""
    return kind != "table" or name in Model.metadata.tables


def run(connection: Connection) -> None:
    context.configure(
        connection=connection,
        target_metadata=Model.metadata,
        include_name=is_ours,
        render_as_batch=connection.dialect.name == "sqlite",  # which can change few things of a table
    )
    with context.begin_transaction():
        context.run_migrations()


def database_url() -> str:
    url = context.config.attributes.get("database_url") or os.environ.get("DUOLOG_DATABASE")
    if not url:
        message = "set DUOLOG_DATABASE to the application's database, like sqlite:///.demo/users-tables.db"
        raise SystemExit(message)
    return str(url)


if context.is_offline_mode():
    context.configure(dialect_name=database_url().partition(":")[0], target_metadata=Model.metadata, literal_binds=True)
    with context.begin_transaction():
        context.run_migrations()
else:
    run_migration(database_url(), run)
