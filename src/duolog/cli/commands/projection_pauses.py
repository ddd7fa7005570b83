"""`duolog projections pause|resume|reset`: letting a read model stand still, go on, or begin anew."""

import asyncio
import getpass
from typing import Annotated, Final

import typer

from duolog.admin.pausing import pause_projection, resume_projection
from duolog.admin.projection_status import ProjectionStatus
from duolog.admin.resetting import reset_projection
from duolog.application.application import Application
from duolog.cli.commands.projection_shares import NameArgument, known_class
from duolog.cli.database_argument import DatabaseArgument, DatabaseOption, named_database
from duolog.cli.examples import examples
from duolog.cli.json_line import echo_json
from duolog.cli.target_argument import JsonOption, TargetArgument, named_application
from duolog.cli.terminal import printable
from duolog.database.port import Database
from duolog.projections.projection import Projection

PAUSE_EXAMPLES: Final = examples(("duolog projections pause users_view sqlite:///users.db", "in all processes"))
RESUME_EXAMPLES: Final = examples(("duolog projections resume users_view sqlite:///users.db", "from where it stands"))
RESET_EXAMPLES: Final = examples(("duolog projections reset shop.main:api users_view --yes", "empty, then built anew"))
_STILL_HELD: Final = 1


def pause(
    name: NameArgument,
    database_url: DatabaseArgument = None,
    *,
    database: DatabaseOption = None,
    as_json: JsonOption = False,
) -> None:
    """Let no process advance a projection until it is resumed; processes that start later obey, too.

    It waits until the running pages have ended. Commands go on, and queries see the view as it stands; those that wait
    for a later position run into their time limit. An inline projection cannot be paused: whoever appends writes it.

    Exit code 1 if somebody still advances it after ten seconds.
    """
    by = getpass.getuser()
    found, is_still = asyncio.run(_pause(named_database(database_url, database), name, by))
    if as_json:
        echo_json({"name": name, "position": found.position, "paused_by": by, "stands_still": is_still})
    else:
        state = f"stands still at {found.position}" if is_still else "is still being advanced; it stops with its page"
        typer.echo(printable(f"{name} is paused and {state}"))
    if not is_still:
        raise typer.Exit(_STILL_HELD)


def resume(
    name: NameArgument,
    database_url: DatabaseArgument = None,
    *,
    database: DatabaseOption = None,
    as_json: JsonOption = False,
) -> None:
    """Let a paused projection go on from where it stands."""
    was_paused = asyncio.run(_resume(named_database(database_url, database), name))
    if as_json:
        echo_json({"name": name, "was_paused": was_paused})
    else:
        typer.echo(printable(f"{name} goes on" if was_paused else f"{name} is not paused"))


def reset(
    target: TargetArgument,
    name: NameArgument,
    *,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Empty a view and build it anew in its place, from the first event; what is parked is forgotten.

    Queries see it empty, then partly filled, until it has caught up. `duolog projections rebuild` builds another one
    beside it instead. A paused projection stays paused.
    """
    application = named_application(target)
    projection = known_class(application, name)
    if not yes:
        typer.confirm(printable(f"Empty {name} and build it anew?"), abort=True, err=True)
    asyncio.run(_reset(application, projection))
    if as_json:
        echo_json({"name": name, "position": 0})
    else:
        typer.echo(printable(f"{name} begins anew"))


async def _pause(database: Database, name: str, by: str) -> tuple[ProjectionStatus, bool]:
    await database.open()
    try:
        return await pause_projection(database, name, by=by)
    finally:
        await database.close()


async def _resume(database: Database, name: str) -> bool:
    await database.open()
    try:
        return await resume_projection(database, name)
    finally:
        await database.close()


async def _reset(application: Application, projection: type[Projection]) -> None:
    await application.start(projections=False)
    try:
        await reset_projection(application.database, projection)
    finally:
        await application.close()
