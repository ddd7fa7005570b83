"""`duolog parked`: the events that projections set aside."""

import asyncio
import getpass
import shlex
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Annotated, Final

import typer

from duolog.admin.forgetting import known_projection
from duolog.admin.parked_events import ParkedDetail, parked_details, parked_events
from duolog.application.application import Application
from duolog.cli.database_argument import DatabaseArgument, DatabaseOption, inspected, named_database
from duolog.cli.examples import examples
from duolog.cli.json_line import echo_json
from duolog.cli.mask_options import ClassesOption, SecretsOption, Shown, chosen_mask
from duolog.cli.parked_text import detail_json, detail_text, parked_json
from duolog.cli.table import print_table
from duolog.cli.target_argument import JsonOption, TargetArgument, named_application
from duolog.cli.terminal import printable
from duolog.database.port import Database
from duolog.errors import ConfigurationError
from duolog.subscriptions.fingerprint import fingerprint
from duolog.subscriptions.parked_choice import ParkedChoice, RetriedKey
from duolog.subscriptions.parking import ParkedEvent

LIST_EXAMPLES: Final = examples(
    ("duolog parked list sqlite:///users.db", "a table"),
    ("duolog parked list --subscription users_view --json | jq .error", "of DUOLOG_DATABASE"),
)
SHOW_EXAMPLES: Final = examples(("duolog parked show 4711 sqlite:///users.db", "its error, traceback and payload"))
RETRY_EXAMPLES: Final = examples(
    ("duolog parked retry shop.main:api --all", "everything, after a repaired release"),
    ("duolog parked retry shop.main:api --subscription users_view --key user-42", "one stream of one projection"),
)
SKIP_EXAMPLES: Final = examples(
    ("duolog parked skip shop.main:api --key user-42 --yes", "the event that failed; those behind it are applied"),
)
_STILL_PARKED: Final = 1

SubscriptionOption = Annotated[str | None, typer.Option(help="Of this projection only.", show_default=False)]
TenantOption = Annotated[str | None, typer.Option(help="Of this tenant only.", show_default=False)]

parked = typer.Typer(no_args_is_help=True, epilog=LIST_EXAMPLES)


@parked.callback()
def group() -> None:
    """Show the events that projections could not apply, and apply them again."""


@parked.command(name="list", epilog=LIST_EXAMPLES)
def list_parked(
    database_url: DatabaseArgument = None,
    *,
    database: DatabaseOption = None,
    subscription: SubscriptionOption = None,
    tenant: TenantOption = None,
    key: Annotated[str | None, typer.Option(help="Of this stream only.", show_default=False)] = None,
    limit: Annotated[int, typer.Option(min=1, help="At most so many.")] = 100,
    as_json: JsonOption = False,
) -> None:
    """List parked events by position, with the reason: those that failed, and those that wait behind them.

    The database is only read.
    """
    choice = ParkedChoice(subscription, tenant, key)
    events, others = asyncio.run(_list(named_database(database_url, database), choice, limit))
    if as_json:
        for event in events:
            echo_json(parked_json(event))
    elif events:
        print_table(
            ("projection", "key", "position", "type", "reason", "alike", "error"),
            (
                (
                    *(each.subscription, _key(each), each.position, each.type),
                    *(each.reason.value, fingerprint(each), each.error),
                )
                for each in events
            ),
        )
    elif others:
        typer.echo(f"nothing is parked{_of(choice)}; {_events(others)} parked in all")
    else:
        typer.echo("nothing is parked")


@parked.command(epilog=SHOW_EXAMPLES)
def show(
    position: Annotated[int, typer.Argument(metavar="POSITION", min=1, help="As `duolog parked list` shows it.")],
    database_url: DatabaseArgument = None,
    *,
    database: DatabaseOption = None,
    subscription: SubscriptionOption = None,
    app: ClassesOption = None,
    secrets: SecretsOption = False,
    as_json: JsonOption = False,
) -> None:
    """Show a parked event with its error, its traceback and its payload, for each projection that has parked it.

    The database is only read. Members of payloads that are named like a secret are masked; personal ones are shown.
    """
    shown = chosen_mask(app, secrets=secrets)
    details = asyncio.run(_details(named_database(database_url, database), position, subscription, shown))
    if not details:
        message = f"no event is parked at position {position}"
        raise ConfigurationError(message, hint="`duolog parked list` shows what is parked.")
    for detail in details:
        if as_json:
            echo_json(detail_json(detail))
        else:
            typer.echo(detail_text(detail))


@parked.command(epilog=RETRY_EXAMPLES)
def retry(
    target: TargetArgument,
    *,
    subscription: SubscriptionOption = None,
    tenant: TenantOption = None,
    key: Annotated[str | None, typer.Option(help="The stream whose events are retried.", show_default=False)] = None,
    every: Annotated[bool, typer.Option("--all", help="Retry every key.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Apply parked events again, each key in order and in one transaction, by the code of the application.

    What fails again stays parked with its new error. Of keys that failed in the same way, as the list's column "alike"
    tells, one is tried first, and the others only if it goes on. A process that runs the projection goes on by itself.

    With --all, what projections have parked that the application has no more is named, too.

    Exit code 1 if something is still parked.
    """
    if every == (key is not None):
        message = "say which events are to be retried"
        raise ConfigurationError(message, hint="Give either --key STREAM or --all.")
    choice = ParkedChoice(subscription, tenant, key)
    retried, left = asyncio.run(_retry(named_application(target), choice))
    for each in retried:
        if as_json:
            echo_json(each)
        else:
            typer.echo(_came_of(each))
    if not retried and not left and not as_json:
        typer.echo("nothing is parked")
    for name, count in left.items():
        typer.echo(printable(f"{name}: {_events(count)} parked, and the application has no such projection"), err=True)
        typer.echo(printable(f"  hint: `duolog projections forget {shlex.quote(name)}` removes them."), err=True)
    if left or any(each.parked for each in retried):
        raise typer.Exit(_STILL_PARKED)


@parked.command(epilog=SKIP_EXAMPLES)
def skip(
    target: TargetArgument,
    *,
    key: Annotated[str, typer.Option(help="The stream whose first parked event is skipped.", show_default=False)],
    subscription: SubscriptionOption = None,
    tenant: TenantOption = None,
    yes: Annotated[bool, typer.Option("--yes", help="The view may differ from the log from now on.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Leave the event that failed out of the view for good, and apply those that wait behind it, in order.

    The view is not the fold of the log any more: another build of it, with a handler that takes the event, has other
    rows. Who skipped it and when is shown, and written to the log (`duolog.projections`).

    Exit code 1 if something of the key is still parked.
    """
    choice = ParkedChoice(subscription, tenant, key)
    if not yes:
        message = "a skipped event is missing from the view for good"
        raise ConfigurationError(message, hint="Repair the handler and retry; or give --yes.")
    by = getpass.getuser()
    skipped = asyncio.run(_skip(named_application(target), choice, by))
    for each in skipped:
        if as_json:
            echo_json(each)
        else:
            now = datetime.now(UTC)
            typer.echo(printable(f"{each.subscription}  {_key(each)}  {each.skipped} skipped by {by} at {now:%FT%TZ}"))
            typer.echo(_came_of(each))
    if any(each.parked for each in skipped):
        raise typer.Exit(_STILL_PARKED)


async def _list(database: Database, choice: ParkedChoice, limit: int) -> tuple[Sequence[ParkedEvent], int]:
    """Return the chosen events, and how many are parked in all."""
    async with inspected(database):
        if choice.subscription is not None:
            await known_projection(database, choice.subscription)
        counts = await database.parking.counts()
        return await parked_events(database, choice, limit=limit), sum(counts.values())


async def _details(database: Database, position: int, subscription: str | None, shown: Shown) -> Sequence[ParkedDetail]:
    async with inspected(database):
        details = await parked_details(database, position, subscription)
    return [replace(each, recorded=each.recorded and shown(each.recorded)) for each in details]


async def _retry(application: Application, choice: ParkedChoice) -> tuple[Sequence[RetriedKey], dict[str, int]]:
    """Return what came of each key, and what projections have parked that the application has no more."""
    await application.start(projections=False)
    try:
        retried = await application.retry_parked(choice)
        counts = await application.database.parking.counts()
    finally:
        await application.close()
    if choice != ParkedChoice():
        if not retried and counts:
            message = f"nothing is parked{_of(choice)}"
            raise ConfigurationError(message, hint="`duolog parked list` shows what is parked.")
        return retried, {}
    known = {each.name for each in application.projections} | {each.name for each in application.processes}
    return retried, {name: count for name, count in sorted(counts.items()) if name not in known}


async def _skip(application: Application, choice: ParkedChoice, by: str) -> Sequence[RetriedKey]:
    await application.start(projections=False)
    try:
        skipped = await application.skip_parked(choice, by=by)
    finally:
        await application.close()
    if not skipped:
        message = f"nothing is parked{_of(choice)}"
        raise ConfigurationError(message, hint="`duolog parked list` shows what is parked.")
    return skipped


def _of(choice: ParkedChoice) -> str:
    parts = {"projection": choice.subscription, "tenant": choice.tenant, "stream": choice.key}
    return "".join(f" of {name} {value!r}" for name, value in parts.items() if value is not None)


def _events(count: int) -> str:
    return "1 event is" if count == 1 else f"{count} events are"


def _key(event: ParkedEvent | RetriedKey) -> str:
    return f"{event.tenant}/{event.key}" if event.tenant else event.key


def _came_of(each: RetriedKey) -> str:
    where = printable(f"{each.subscription}  {_key(each)}")
    if not each.parked:
        return f"{where}  {each.applied} applied"
    if each.held_back:
        return printable(f"{where}  not tried, as what failed alike has failed again: {each.error}")
    return printable(f"{where}  {each.applied} applied, {each.parked} still parked at {each.position}: {each.error}")
