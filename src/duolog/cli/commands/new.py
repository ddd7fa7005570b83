"""`duolog new`: a project to start from."""

from pathlib import Path
from typing import Annotated, Final

import typer

from duolog.cli.examples import examples
from duolog.cli.json_line import echo_json
from duolog.cli.project_template import package_name, write_project
from duolog.cli.target_argument import JsonOption
from duolog.cli.terminal import printable

EXAMPLES: Final = examples(
    ("duolog new my-tasks", "in the directory my-tasks"),
    ("duolog new my-tasks --directory .", "in this one, which is empty"),
)


def new(
    name: Annotated[str, typer.Argument(metavar="NAME", help="The project's name, like my-tasks.")],
    *,
    directory: Annotated[
        Path | None, typer.Option(help="Where; by default a new directory of that name.", show_default=False)
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Make a project: a small service with commands, queries, a projection, HTTP routes and tests that pass.

    Nothing is overwritten.
    """
    where = Path(name) if directory is None else directory
    package = package_name(name)
    written = write_project(where, name)
    if as_json:
        echo_json({"directory": str(where), "package": package, "files": [str(each) for each in written]})
        return
    typer.echo(f"{len(written)} files are written to {printable(str(where))}; README.md says how to go on:")
    typer.echo(f"  cd {printable(str(where))}")
    typer.echo("  pytest")
    typer.echo(f"  duolog check {package}.presentation.api:api")
