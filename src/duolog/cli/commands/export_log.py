"""`duolog export`: a log as a file."""

import asyncio
import time
from typing import Annotated, Final

import typer

from duolog.admin.log_export import Exported, export_log, left_out
from duolog.admin.log_file import STANDARD, writing
from duolog.cli.database_argument import inspected
from duolog.cli.examples import examples
from duolog.cli.json_line import echo_json
from duolog.cli.terminal import printable
from duolog.cli.transfer_progress import transfer_progress
from duolog.container.databases import open_database
from duolog.database.port import Database
from duolog.errors import ConfigurationError

EXAMPLES: Final = examples(
    ("duolog export sqlite:///users.db users.ndjson.gz", "a backup, packed"),
    ("duolog export sqlite:///users.db users.ndjson --log-only", "without scheduled commands and processes"),
    ("duolog export sqlite:///users.db | jq .type", "to standard output"),
)


def export(
    database_url: Annotated[str, typer.Argument(metavar="DATABASE_URL", help="Like sqlite:///users.db.")],
    file: Annotated[
        str, typer.Argument(metavar="FILE", help="Packed if it ends with .gz; - for standard output.")
    ] = STANDARD,
    *,
    log_only: Annotated[
        bool, typer.Option("--log-only", help="Leave out scheduled commands and what process managers remember.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Show the result as a JSON object.")] = False,
) -> None:
    """Write the events that a log has now into a file, an event a line, each exactly as it is stored.

    The first line names the log, the last one has the number and the hash of the lines between: a file that was cut
    off is noticed. The application may go on meanwhile; the database is only read.

    Scheduled commands and running processes have no place in it: while there are any, --log-only leaves them out.
    """
    began = time.monotonic()
    exported = asyncio.run(_export(open_database(database_url), file, log_only=log_only))
    seconds = time.monotonic() - began
    rate = exported.events / seconds
    is_piped = file == STANDARD
    if as_json:
        members = {"events": exported.events, "sha256": exported.digest, "position": exported.through}
        result = {"file": file, **members, "seconds": round(seconds, 3), "rate": round(rate)}
        echo_json(result, err=is_piped)
    else:
        text = (
            f"{exported.events:,} events up to position {exported.through:,} in {seconds:.1f} s, {rate:,.0f} events/s"
        )
        typer.echo(f"{text}\nsha256 {exported.digest}" if is_piped else f"{printable(file)}: {text}", err=is_piped)
        if not is_piped:
            typer.echo(f"sha256 {exported.digest}")


async def _export(database: Database, name: str, *, log_only: bool) -> Exported:
    async with inspected(database):
        if not log_only:
            await _refuse_to_leave_out(database)
        with writing(name) as file, transfer_progress() as show:
            return await export_log(database, file, on_progress=lambda at, end: show("exporting", at, end))


async def _refuse_to_leave_out(database: Database) -> None:
    left = await left_out(database)
    if left.commands or left.processes:
        message = (
            f"a file of the log would lack {left.commands} scheduled commands and {left.processes} running processes"
        )
        hint = "Back up the database itself, or `duolog promote` it, to keep them; --log-only leaves them out."
        raise ConfigurationError(message, hint=hint)
