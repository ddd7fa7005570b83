"""`duolog migrate`: bring a database's schema up to date, or tell what that takes."""

import asyncio
from typing import Annotated, Final

import msgspec
import typer

from duolog.admin.migrations import apply_migrations
from duolog.cli.database_argument import DatabaseArgument, DatabaseOption, named_database
from duolog.cli.examples import examples
from duolog.cli.terminal import printable

EXAMPLES: Final = examples(
    ("duolog migrate sqlite:///users.db", "apply and list those pending"),
    ("duolog migrate sqlite:///users.db --check", "exit code 1 if some are"),
)
_PENDING: Final = 1


def migrate(
    database_url: DatabaseArgument = None,
    *,
    database: DatabaseOption = None,
    check: Annotated[bool, typer.Option("--check", help="Change nothing; exit with 1 if some are pending.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line.")] = False,
) -> None:
    """Apply the pending migrations of duolog's own tables, and list them.

    A database that does not exist yet is created.
    """
    named = named_database(database_url, database)
    names = asyncio.run(named.pending_migrations() if check else apply_migrations(named))
    state = "pending" if check else "applied"
    for name in names:
        typer.echo(
            msgspec.json.encode({"migration": name, "state": state}).decode()
            if as_json
            else f"{state}  {printable(name)}"
        )
    if not names and not as_json:
        typer.echo(f"{printable(named.url)} is up to date")
    if names and check:
        raise typer.Exit(_PENDING)
