"""`duolog import`: a file as a log."""

import asyncio
import time
from typing import Annotated, Final

import typer

from duolog.admin.log_file import count_lines, reading
from duolog.admin.log_import import Imported
from duolog.admin.log_import import import_log as fill
from duolog.cli.examples import examples
from duolog.cli.json_line import echo_json
from duolog.cli.terminal import printable
from duolog.cli.transfer_progress import transfer_progress
from duolog.container.databases import open_database
from duolog.database.port import Database
from duolog.errors import ConfigurationError

EXAMPLES: Final = examples(
    ("duolog import users.ndjson.gz postgresql://app@db/users", "restore a backup into an empty database"),
    ("duolog import history.ndjson sqlite:///users.db", "another system's history: stream, type and data a line"),
    ("zcat history.*.gz | duolog import - sqlite:///users.db", "from standard input"),
)


def import_log(
    file: Annotated[str, typer.Argument(metavar="FILE", help="Unpacked if it ends with .gz; - for standard input.")],
    database_url: Annotated[
        str, typer.Argument(metavar="DATABASE_URL", help="A database whose log is empty; made if it is missing.")
    ],
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Show the result as a JSON object.")] = False,
) -> None:
    """Fill an empty log from a file that `duolog export` wrote, or from history of another system.

    A backup keeps everything: positions, versions, ids, times and the log's identity. Its last line must be there and
    fit.

    History is JSON, an object a line: stream, type and data, and if you like event_id, schema_version, tags, metadata,
    tenant and recorded_at. Positions and versions are given in the order of the lines.

    Every payload is checked. A line that breaks a rule is named, and the log is empty again. Views are built by their
    projections at the application's next start; those of inline projections before it, by `duolog projections build`.
    """
    database = open_database(database_url)
    if not database.features.durable:
        message = f"{database.url} does not outlast this command"
        raise ConfigurationError(message, hint="Import into a database like sqlite:///users.db.")
    total = count_lines(file)
    began = time.monotonic()
    imported = asyncio.run(_import(database, file, total))
    seconds = time.monotonic() - began
    rate = imported.events / seconds
    if as_json:
        members = {"events": imported.events, "log_id": imported.log_id, "is_backup": imported.is_backup}
        echo_json({"database": database.url, **members, "seconds": round(seconds, 3), "rate": round(rate)})
    else:
        what = "restored" if imported.is_backup else "imported"
        text = f"{what} {imported.events:,} events in {seconds:.1f} s, {rate:,.0f} events/s"
        typer.echo(f"{printable(database.url)}: {text}")


async def _import(database: Database, name: str, total: int | None) -> Imported:
    await database.open(for_transfer=True)
    try:
        with reading(name) as lines, transfer_progress() as show:
            return await fill(database, lines, name, on_progress=lambda count: show("importing", count, total))
    finally:
        await database.close()
