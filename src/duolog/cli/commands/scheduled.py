"""`duolog scheduled`: the commands that are due later, and those that were refused."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Annotated, Final, TypeVar
from uuid import UUID

import typer
from rich.text import Text

from duolog.cli.database_argument import DatabaseArgument, DatabaseOption, inspected, named_database
from duolog.cli.examples import examples
from duolog.cli.json_line import echo_json
from duolog.cli.scheduled_text import detail_json, detail_text, scheduled_json, time_text
from duolog.cli.table import print_table
from duolog.cli.target_argument import JsonOption
from duolog.cli.terminal import printable
from duolog.database.port import Database
from duolog.errors import ConfigurationError
from duolog.scheduling.command_schedule import CommandSchedule
from duolog.scheduling.scheduled_command import ScheduledCommand, ScheduledId, ScheduledState

T = TypeVar("T")

LIST_EXAMPLES: Final = examples(
    ("duolog scheduled list sqlite:///users.db", "a table, in the order they are due"),
    ("duolog scheduled list --state failed --json | jq .error", "of DUOLOG_DATABASE"),
)
_ID: Final = "018f3c1a-7d52-7e31-9c0f-3b2a1d4e5f60"
SHOW_EXAMPLES: Final = examples((f"duolog scheduled show {_ID} sqlite:///users.db", "its error and traceback"))
CANCEL_EXAMPLES: Final = examples((f"duolog scheduled cancel {_ID} sqlite:///users.db", "it is not executed"))
RETRY_EXAMPLES: Final = examples((f"duolog scheduled retry {_ID} sqlite:///users.db", "after a repaired release"))
SKIP_EXAMPLES: Final = examples((f"duolog scheduled skip {_ID} sqlite:///users.db", "those behind it go on"))

IdArgument = Annotated[UUID, typer.Argument(metavar="ID", help="As `duolog scheduled list` shows it.")]

scheduled = typer.Typer(no_args_is_help=True, epilog=LIST_EXAMPLES)


@scheduled.callback()
def group() -> None:
    """Show the commands that wait to be executed or were refused; cancel, retry or skip them."""


@scheduled.command(name="list", epilog=LIST_EXAMPLES)
def list_scheduled(
    database_url: DatabaseArgument = None,
    *,
    database: DatabaseOption = None,
    state: Annotated[ScheduledState | None, typer.Option(help="In this state only.", show_default=False)] = None,
    command: Annotated[
        str | None, typer.Option(metavar="NAME", help="Of this stored name only.", show_default=False)
    ] = None,
    tenant: Annotated[str | None, typer.Option(help="Of this tenant only.", show_default=False)] = None,
    limit: Annotated[int, typer.Option(min=1, help="At most so many.")] = 100,
    as_json: JsonOption = False,
) -> None:
    """List scheduled commands in the order they are due, with what failed last. The database is only read."""

    async def read(schedule: CommandSchedule) -> tuple[Sequence[ScheduledCommand], bool]:
        found = await schedule.read(state=state, command=command, tenant=tenant, limit=limit)
        return found, not found and bool(await schedule.read(limit=1))

    commands, are_others = asyncio.run(_reading(named_database(database_url, database), read))
    if as_json:
        for each in commands:
            echo_json(scheduled_json(each))
    elif commands:
        _print(commands)
    elif are_others:
        chosen = {"state": state and state.value, "command": command, "tenant": tenant}
        what = ", ".join(f"{name} {value!r}" for name, value in chosen.items() if value is not None)
        typer.echo(printable(f"nothing is scheduled of {what}; other commands are"))
    else:
        typer.echo("nothing is scheduled")


@scheduled.command(epilog=SHOW_EXAMPLES)
def show(
    scheduled_id: IdArgument,
    database_url: DatabaseArgument = None,
    *,
    database: DatabaseOption = None,
    payload: Annotated[bool, typer.Option("--payload", help="With its fields, which may be secret.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Show a scheduled command with its last error, its traceback and its metadata. The database is only read."""
    found = asyncio.run(
        _reading(named_database(database_url, database), lambda schedule: schedule.find(ScheduledId(scheduled_id)))
    )
    if found is None:
        raise _unknown(scheduled_id, "scheduled")
    if as_json:
        echo_json(detail_json(found, payload=payload))
    else:
        typer.echo(detail_text(found, payload=payload))


@scheduled.command(epilog=CANCEL_EXAMPLES)
def cancel(
    scheduled_id: IdArgument,
    database_url: DatabaseArgument = None,
    *,
    database: DatabaseOption = None,
    as_json: JsonOption = False,
) -> None:
    """Take back a command that waits; one that is being executed runs to its end."""

    async def remove(schedule: CommandSchedule) -> bool:
        return await schedule.remove(ScheduledId(scheduled_id), state=ScheduledState.WAITING)

    _change(named_database(database_url, database), scheduled_id, remove, ("cancelled", "waiting"), as_json=as_json)


@scheduled.command(epilog=RETRY_EXAMPLES)
def retry(
    scheduled_id: IdArgument,
    database_url: DatabaseArgument = None,
    *,
    database: DatabaseOption = None,
    as_json: JsonOption = False,
) -> None:
    """Have a command executed at once that was refused, or that pauses after a failure; a running process does it."""
    change = (named_database(database_url, database), scheduled_id)
    _change(*change, lambda schedule: schedule.retry(ScheduledId(scheduled_id)), ("due", "failed"), as_json=as_json)


@scheduled.command(epilog=SKIP_EXAMPLES)
def skip(
    scheduled_id: IdArgument,
    database_url: DatabaseArgument = None,
    *,
    database: DatabaseOption = None,
    as_json: JsonOption = False,
) -> None:
    """Give up a command that was refused, so that those behind it of its key go on."""

    async def remove(schedule: CommandSchedule) -> bool:
        return await schedule.remove(ScheduledId(scheduled_id), state=ScheduledState.FAILED)

    _change(named_database(database_url, database), scheduled_id, remove, ("skipped", "failed"), as_json=as_json)


def _change(
    database: Database,
    scheduled_id: UUID,
    change: Callable[[CommandSchedule], Awaitable[bool]],
    words: tuple[str, str],
    *,
    as_json: bool,
) -> None:
    done, state = words
    if not asyncio.run(_writing(database, change)):
        raise _unknown(scheduled_id, state)
    if as_json:
        echo_json({"id": str(scheduled_id), "done": done})
    else:
        typer.echo(f"{scheduled_id} is {done}")


async def _reading(database: Database, read: Callable[[CommandSchedule], Awaitable[T]]) -> T:
    async with inspected(database):
        return await read(database.schedule)


async def _writing(database: Database, change: Callable[[CommandSchedule], Awaitable[bool]]) -> bool:
    await database.open()
    try:
        return await change(database.schedule)
    finally:
        await database.close()


def _unknown(scheduled_id: UUID, state: str) -> ConfigurationError:
    message = f"no command {scheduled_id} is {state}"
    hint = "`duolog scheduled list` shows what waits and what failed; what was executed is not listed any more."
    return ConfigurationError(message, hint=hint)


def _print(commands: Sequence[ScheduledCommand]) -> None:
    print_table(
        ("id", "command", "tenant/key", "due (UTC)", "state", "attempts", "error"),
        (
            (
                str(each.id),
                each.command,
                f"{each.tenant}/{each.key or ''}" if each.tenant else each.key,
                time_text(each.due_at),
                Text(each.state.value, "red" if each.state is ScheduledState.FAILED else ""),
                each.attempts,
                each.error,
            )
            for each in commands
        ),
    )
