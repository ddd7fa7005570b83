"""The command line: all commands, and the options that come before them."""

from importlib.metadata import PackageNotFoundError, version
from typing import Annotated

import typer

from duolog.cli.commands.check import EXAMPLES as CHECK_EXAMPLES
from duolog.cli.commands.check import check
from duolog.cli.commands.demo import EXAMPLES as DEMO_EXAMPLES
from duolog.cli.commands.demo import demo
from duolog.cli.commands.doctor import EXAMPLES as DOCTOR_EXAMPLES
from duolog.cli.commands.doctor import doctor
from duolog.cli.commands.events import EXAMPLES as EVENTS_EXAMPLES
from duolog.cli.commands.events import events
from duolog.cli.commands.export_log import EXAMPLES as EXPORT_EXAMPLES
from duolog.cli.commands.export_log import export
from duolog.cli.commands.import_log import EXAMPLES as IMPORT_EXAMPLES
from duolog.cli.commands.import_log import import_log
from duolog.cli.commands.map import EXAMPLES as MAP_EXAMPLES
from duolog.cli.commands.map import show_map
from duolog.cli.commands.migrate import EXAMPLES as MIGRATE_EXAMPLES
from duolog.cli.commands.migrate import migrate
from duolog.cli.commands.new import EXAMPLES as NEW_EXAMPLES
from duolog.cli.commands.new import new
from duolog.cli.commands.parked import parked
from duolog.cli.commands.projections import projections
from duolog.cli.commands.promote import EXAMPLES as PROMOTE_EXAMPLES
from duolog.cli.commands.promote import promote
from duolog.cli.commands.run import EXAMPLES as RUN_EXAMPLES
from duolog.cli.commands.run import run
from duolog.cli.commands.scheduled import scheduled
from duolog.cli.commands.schema import schema
from duolog.cli.commands.send import EXAMPLES as SEND_EXAMPLES
from duolog.cli.commands.send import send
from duolog.cli.commands.streams import streams
from duolog.cli.commands.worker import EXAMPLES as WORKER_EXAMPLES
from duolog.cli.commands.worker import worker
from duolog.cli.errors_for_people import ErrorsForPeople
from duolog.cli.examples import examples

command_line = typer.Typer(
    name="duolog",
    cls=ErrorsForPeople,
    no_args_is_help=True,
    rich_markup_mode="rich",
    pretty_exceptions_show_locals=False,  # locals may hold secrets
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog=examples(
        ("duolog demo", "serve the example, filled with users"),
        ("duolog run shop.main:api", "serve an application"),
        ("duolog events sqlite:///shop.db --follow", "see what happens"),
    ),
)


def _show_version(wanted: bool) -> None:  # noqa: FBT001 - typer calls it with the option's value
    if wanted:
        try:
            typer.echo(f"duolog {version('duolog')}")
        except PackageNotFoundError:
            typer.echo("duolog (not installed: run from its sources)")
        raise typer.Exit


@command_line.callback()
def options(
    *,
    debug: Annotated[
        bool, typer.Option("--debug", envvar="DUOLOG_DEBUG", help="Show the traceback of an error.")
    ] = False,
    show_version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None:
    """Commands, queries and one event log between them.

    Exit codes: 0 done, 1 the answer is negative, 2 the arguments or the configuration are wrong.
    """


command_line.command(epilog=RUN_EXAMPLES)(run)
command_line.command(epilog=WORKER_EXAMPLES)(worker)
command_line.command(epilog=DEMO_EXAMPLES)(demo)
command_line.command(epilog=SEND_EXAMPLES)(send)
command_line.command(epilog=EVENTS_EXAMPLES)(events)
command_line.command(epilog=MIGRATE_EXAMPLES)(migrate)
command_line.command(epilog=PROMOTE_EXAMPLES)(promote)
command_line.command(epilog=EXPORT_EXAMPLES)(export)
command_line.command(name="import", epilog=IMPORT_EXAMPLES)(import_log)
command_line.command(epilog=NEW_EXAMPLES)(new)
command_line.command(epilog=CHECK_EXAMPLES)(check)
command_line.command(name="map", epilog=MAP_EXAMPLES)(show_map)
command_line.command(epilog=DOCTOR_EXAMPLES)(doctor)
command_line.add_typer(projections, name="projections")
command_line.add_typer(streams, name="streams")
command_line.add_typer(parked, name="parked")
command_line.add_typer(scheduled, name="scheduled")
command_line.add_typer(schema, name="schema")
