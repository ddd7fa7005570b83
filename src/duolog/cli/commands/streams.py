"""`duolog streams`: one stream, version by version."""

import asyncio
import sys
from contextlib import aclosing
from typing import Annotated, Final

import typer

from duolog.admin.event_log import EventSelection, recorded_events
from duolog.cli.database_argument import DatabaseArgument, DatabaseOption, inspected, named_database
from duolog.cli.event_line import event_json, stream_event_lines
from duolog.cli.examples import examples
from duolog.cli.mask_options import ClassesOption, SecretsOption, Shown, chosen_mask
from duolog.cli.target_argument import JsonOption
from duolog.database.port import Database
from duolog.errors import ConfigurationError

SHOW_EXAMPLES: Final = examples(
    ("duolog streams show user-42 sqlite:///users.db", "each event with its data and metadata"),
    ("duolog streams show user-42 --tenant acme --json | jq .data", "of DUOLOG_DATABASE"),
)

streams = typer.Typer(no_args_is_help=True, epilog=SHOW_EXAMPLES)


@streams.callback()
def group() -> None:
    """Show streams."""


@streams.command(epilog=SHOW_EXAMPLES)
def show(
    stream: Annotated[str, typer.Argument(metavar="STREAM", help="Like user-42.")],
    database_url: DatabaseArgument = None,
    *,
    database: DatabaseOption = None,
    tenant: Annotated[str, typer.Option(help="Whose stream it is, if there are tenants.")] = "",
    limit: Annotated[int | None, typer.Option(min=1, help="At most so many events, from the first on.")] = None,
    app: ClassesOption = None,
    secrets: SecretsOption = False,
    as_json: JsonOption = False,
) -> None:
    """Show the events of one stream with version, time, type, data and metadata, oldest first.

    The database is only read. Members of payloads that are named like a secret are masked; personal ones are shown.
    """
    selection = EventSelection(stream=stream, tenant=tenant, limit=limit)
    shown = chosen_mask(app, secrets=secrets)
    if not asyncio.run(_show(named_database(database_url, database), selection, shown, as_json=as_json)):
        message = f"there is no stream {stream!r}" + (f" of tenant {tenant!r}" if tenant else "")
        raise ConfigurationError(message, hint="`duolog events` shows which streams there are.")


async def _show(database: Database, selection: EventSelection, shown: Shown, *, as_json: bool) -> int:
    count = 0
    async with inspected(database), aclosing(recorded_events(database.store, selection)) as stretches:
        async for stretch in stretches:
            for event in map(shown, stretch):
                sys.stdout.write(f"{event_json(event) if as_json else stream_event_lines(event)}\n")
            count += len(stretch)
            sys.stdout.flush()
    return count
