"""`duolog worker`: the background work of an application, without HTTP, on any number of machines."""

from collections.abc import Sequence
from typing import Annotated, Final

import typer

from duolog.application.application import Application
from duolog.application.background_work import SCHEDULED_COMMANDS, check_choice
from duolog.cli.background import run_in_background
from duolog.cli.examples import examples
from duolog.cli.life_line import LifeLine
from duolog.cli.target_argument import JsonOption, TargetArgument, named_application
from duolog.cli.work_lines import WorkLines
from duolog.errors import ConfigurationError

EXAMPLES: Final = examples(
    ("duolog worker shop.main:api", "all of it; again, on this machine or another, to share it"),
    ("duolog worker shop.main:api --only users_view --only user_counts", "these two projections"),
    ("duolog worker shop.main:api --only scheduled-commands", "commands that are due"),
    ("duolog run shop.main:api --no-projections", "the HTTP side that leaves the work to workers"),
)


def worker(
    target: TargetArgument,
    *,
    only: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help=f"This projection or process, or {SCHEDULED_COMMANDS}; may be repeated."),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Run the projections, processes and scheduled commands of an application, without HTTP.

    Start it as often as the work needs, on any number of machines: they share it fairly.

    Those that are left go on with the work of one that ends or dies.

    Ctrl-C or SIGTERM ends it: what is under way may end, within a time limit, and what it held is given back at once.

    It says what it works on, and every change of that. With --json it says `started`, `working` and `stopped`.
    """
    application = named_application(target)
    work = _chosen(application, target, only)
    life = LifeLine(application.name, as_json)
    lines = WorkLines(application.name, as_json)
    run_in_background(application, on_started=lambda: life.works_on(work), only=work, on_look=lines.tell)
    life.stopped()


def _chosen(application: Application, target: str, only: Sequence[str] | None) -> Sequence[str]:
    if not application.database.features.shared:
        message = f"{application.database.url} is seen by one process only"
        raise ConfigurationError(message, hint="Workers share a database like sqlite:///app.db or postgresql://...")
    there = application.background_work
    if not there:
        message = f"{target} has no projection, no process and no command that could be scheduled"
        raise ConfigurationError(message, hint="`duolog run` serves it.")
    check_choice(only or (), there)
    return [name for name in there if name in only] if only else there
