"""`duolog projections`: where the read models stand."""

import asyncio
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Annotated, Final

import msgspec
import typer
from rich.text import Text

from duolog.admin.projection_status import ProjectionStatus, projection_statuses
from duolog.cli.database_argument import DatabaseArgument, DatabaseOption, inspected, named_database
from duolog.cli.examples import examples
from duolog.cli.table import print_table
from duolog.database.port import Database

STATUS_EXAMPLES: Final = examples(
    ("duolog projections status sqlite:///users.db", "a table"),
    ("duolog projections status --json | jq .lag", "of DUOLOG_DATABASE"),
)

projections = typer.Typer(no_args_is_help=True, epilog=STATUS_EXAMPLES)


@projections.callback()
def group() -> None:
    """Show where the read models stand."""


@projections.command(epilog=STATUS_EXAMPLES)
def status(
    database_url: DatabaseArgument = None,
    *,
    database: DatabaseOption = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line.")] = False,
) -> None:
    """Show how far each projection is, how far it lags behind the log, and who advances it.

    The database is only read.
    """
    statuses = asyncio.run(_read(named_database(database_url, database)))
    if as_json:
        for each in statuses:
            typer.echo(msgspec.json.encode(asdict(each)).decode())
    elif statuses:
        _print(statuses)
    else:
        typer.echo("no projection has run on this database yet")


async def _read(database: Database) -> Sequence[ProjectionStatus]:
    async with inspected(database):
        return await projection_statuses(database)


def _print(statuses: Sequence[ProjectionStatus]) -> None:
    now = datetime.now(UTC)
    print_table(
        ("projection", "version", "position", "lag", "updated (UTC)", "owner", "parked"),
        (
            (
                each.name,
                each.version,
                each.position,
                Text(str(each.lag), "yellow" if each.lag else "green"),
                f"{each.updated_at:%Y-%m-%d %H:%M:%S}" if each.updated_at else "never",
                _owner(each, now),
                Text(str(each.parked), "red" if each.parked else ""),
            )
            for each in statuses
        ),
    )


def _owner(status: ProjectionStatus, now: datetime) -> str:
    if status.owner is None or status.leased_until is None:
        return "nobody"
    expired = "" if status.leased_until > now else f" (expired {status.leased_until:%H:%M:%S})"
    return f"{status.owner}{expired}"
