"""`duolog events`: what the log holds, and what is recorded from now on."""

import asyncio
import sys
from contextlib import aclosing
from dataclasses import replace
from typing import Annotated, Final

import typer

from duolog.admin.event_log import EventSelection, recorded_events
from duolog.cli.database_argument import DatabaseArgument, DatabaseOption, inspected, named_database
from duolog.cli.event_line import event_json, event_line
from duolog.cli.examples import examples
from duolog.cli.mask_options import ClassesOption, SecretsOption, Shown, chosen_mask
from duolog.cli.target_argument import JsonOption
from duolog.cli.terminal import stdout_width
from duolog.database.port import Database
from duolog.errors import ConfigurationError

EXAMPLES: Final = examples(
    ("duolog events sqlite:///users.db --follow", "what is there, then what comes"),
    ("duolog events sqlite:///users.db --after end -f", "only what comes"),
    ("duolog events sqlite:///users.db --stream user-42", "one stream"),
    ("duolog events --type user.created --json | jq .data", "of DUOLOG_DATABASE"),
)
_END: Final = "end"


def events(
    database_url: DatabaseArgument = None,
    *,
    database: DatabaseOption = None,
    after: Annotated[str, typer.Option(metavar="POSITION", help="Events above it; `end` for new ones only.")] = "0",
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on with what is recorded from now on.")] = False,
    types: Annotated[list[str] | None, typer.Option("--type", help="Of this type; may be repeated.")] = None,
    categories: Annotated[
        list[str] | None, typer.Option("--category", help="Of streams of this category; may be repeated.")
    ] = None,
    stream: Annotated[str | None, typer.Option(help="Of this stream (of --tenant, if there are tenants).")] = None,
    tenant: Annotated[str | None, typer.Option(help="Of this tenant.")] = None,
    tags: Annotated[
        list[str] | None, typer.Option("--tag", help="With this tag, as it is stored; if repeated, with all of them.")
    ] = None,
    limit: Annotated[int | None, typer.Option(min=1, help="At most so many events.")] = None,
    app: ClassesOption = None,
    secrets: SecretsOption = False,
    as_json: JsonOption = False,
) -> None:
    """Show the events of a log, oldest first.

    The database is only read. Members of payloads that are named like a secret are masked; personal ones are shown.
    """
    selection = EventSelection(
        after=0 if after == _END else _position(after),
        types=frozenset(types or ()),
        categories=frozenset(categories or ()),
        tags=frozenset(tags or ()),
        stream=stream,
        tenant=tenant,
        limit=limit,
    )
    show = _show(
        named_database(database_url, database),
        selection,
        chosen_mask(app, secrets=secrets),
        from_end=after == _END,
        follow=follow,
        as_json=as_json,
    )
    try:
        asyncio.run(show)
    except KeyboardInterrupt:
        if not follow:  # the only way to end following is not a failure of it
            raise


async def _show(
    database: Database, selection: EventSelection, shown: Shown, *, from_end: bool, follow: bool, as_json: bool
) -> None:
    async with inspected(database):
        store = database.store
        if from_end:
            selection = replace(selection, after=await store.head())
        async with aclosing(recorded_events(store, selection, follow=follow)) as stretches:
            async for stretch in stretches:
                width = stdout_width()
                lines = (event_json(each) if as_json else event_line(each, width) for each in map(shown, stretch))
                sys.stdout.writelines(f"{line}\n" for line in lines)
                sys.stdout.flush()


def _position(text: str) -> int:
    if not (text.isascii() and text.isdigit()):
        message = f"{text!r} is not a position"
        raise ConfigurationError(message, hint=f"Give a number of 0 or more, or `{_END}`.")
    return int(text)
