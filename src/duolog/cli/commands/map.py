"""`duolog map`: which command leads to which events, projections, queries, and further commands."""

from enum import Enum
from typing import Annotated, Final

import typer

from duolog.admin.message_map import as_mermaid, as_text, message_map
from duolog.application.structure import structure_of
from duolog.cli.examples import examples
from duolog.cli.json_line import echo_json
from duolog.cli.target_argument import JsonOption, TargetArgument, read_application

EXAMPLES: Final = examples(
    ("duolog map shop.main:api", "as text"),
    ("duolog map shop.main:api --format mermaid > map.mmd", "a chart for a page"),
)


class MapFormat(Enum):
    """How the map is written."""

    TEXT = "text"
    MERMAID = "mermaid"


def show_map(
    target: TargetArgument,
    *,
    form: Annotated[MapFormat, typer.Option("--format", help="Text for people, or a Mermaid chart.")] = MapFormat.TEXT,
    as_json: JsonOption = False,
) -> None:
    """Show command → events → projections → queries, and events → reactors and process managers → commands.

    It is read from the registered handlers; nothing runs.

    Which events a command records is decided while it runs. Shown are those that it may record: all of every aggregate
    that its interactor's constructor reaches, and those that the code behind it publishes or stages. Commands of
    reactors and process managers are those that their code sends.
    """
    drawn = message_map(structure_of(read_application(target)))
    if as_json:
        echo_json(drawn)
    else:
        typer.echo(as_text(drawn) if form is MapFormat.TEXT else as_mermaid(drawn))
