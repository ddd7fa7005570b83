"""`duolog run`: an application, over HTTP or without, with its projections in the same process."""

import os
from typing import Annotated, Final

import typer

from duolog.application.application import Application
from duolog.application.background_work import ENVIRONMENT_VARIABLE
from duolog.cli.background import run_in_background
from duolog.cli.errors_for_people import USAGE_ERROR, debug_is_on
from duolog.cli.examples import examples
from duolog.cli.http_server import http_server
from duolog.cli.life_line import LifeLine
from duolog.cli.listener import bind, url_of
from duolog.cli.served_target import ServedTarget
from duolog.cli.serving import Serving
from duolog.cli.target import load_target
from duolog.cli.target_argument import JsonOption
from duolog.errors import ConfigurationError

EXAMPLES: Final = examples(
    ("duolog run shop.main:api", "the FastAPI app `api` in shop/main.py"),
    ("duolog run shop.main:api --host 0.0.0.0 --workers 4", "four processes"),
    ("duolog run shop.main:api --no-projections", "`duolog worker` does the rest"),
    ("duolog run shop.worker:app", "an Application without HTTP"),
    ("duolog run shop.main:api --port 0 --json", "for the program that starts it"),
)


def run(
    context: typer.Context,
    target: Annotated[str, typer.Argument(metavar="MODULE:ATTRIBUTE", help="Where the application is.")],
    *,
    host: Annotated[str, typer.Option(help="Name or address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(envvar="PORT", min=0, max=65535, help="0 for any free one.")] = 8000,
    workers: Annotated[int, typer.Option(min=1, help="Processes; they share the projections.")] = 1,
    no_projections: Annotated[
        bool, typer.Option("--no-projections", help="Leave projections, processes and scheduled commands to workers.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Run an application until Ctrl-C or SIGTERM; what is under way then may end, within a time limit.

    MODULE:ATTRIBUTE names a FastAPI app that a duolog Application is attached to, or an Application without HTTP.

    Modules are looked for in the working directory first.

    --no-projections is DUOLOG_PROJECTIONS=off: `duolog worker` does the work then, in processes of its own.

    With --json it says `started` or, with its URL, `listening`, and at the end `stopped`.
    """
    loaded = load_target(target)
    application = loaded.application
    life = LifeLine(application.name, as_json)
    if no_projections:
        os.environ[ENVIRONMENT_VARIABLE] = "off"  # which processes that serve together with this one inherit
    if loaded.web is None:
        if no_projections:
            message = f"{target} has no HTTP side, so nothing would be left to do"
            raise ConfigurationError(message, hint="Leave --no-projections out, or name a FastAPI app.")
        _run_without_http(target, application, workers, life)
    else:
        serve = http_server()
        served = ServedTarget(target, debug_is_on(context))
        with bind(host, port) as listener:
            url = url_of(listener, host)
            serving = Serving(
                served, lambda: life.listening(url), workers=workers, drain_seconds=application.settings.drain_seconds
            )
            if not serve(serving, listener):
                raise typer.Exit(USAGE_ERROR)
    life.stopped()


def _run_without_http(target: str, application: Application, workers: int, life: LifeLine) -> None:
    if workers > 1:
        message = f"{target} has no HTTP side, so it runs in one process"
        raise ConfigurationError(message, hint="Start `duolog run` again where a second process is to stand by.")
    run_in_background(application, on_started=life.started)
