"""`duolog projections build`: the view of an inline projection, over a log that has events already."""

import asyncio
from typing import Annotated, Final

import typer

from duolog.application.application import Application
from duolog.cli.examples import examples
from duolog.cli.json_line import echo_json
from duolog.cli.target_argument import JsonOption, TargetArgument, named_application
from duolog.cli.terminal import printable
from duolog.errors import ConfigurationError
from duolog.projections.projection import Projection

BUILD_EXAMPLES: Final = examples(("duolog projections build shop.main:api user_names", "before its first start"))


def build(
    target: TargetArgument,
    name: Annotated[str, typer.Argument(metavar="NAME", help="The name of an inline projection.")],
    *,
    as_json: JsonOption = False,
) -> None:
    """Build the view of an inline projection, new or of a new version, from the events that the log has.

    Stop the processes that append its events before, and start those of this release afterwards. If it is interrupted,
    it goes on where it was. In its last step nobody can append, for a moment.
    """
    application = named_application(target)
    projection = _inline(application, name)
    asyncio.run(_build(application, projection))
    if as_json:
        echo_json({"name": name, "version": projection.version})
    else:
        typer.echo(printable(f"{name} version {projection.version} is built"))


def _inline(application: Application, name: str) -> type[Projection]:
    known = {projection.name: projection for projection in application.projections if projection.inline}
    if name not in known:
        message = f"the application has no inline projection {name!r}"
        raise ConfigurationError(message, hint=f"It has: {', '.join(sorted(known)) or 'none'}.")
    return known[name]


async def _build(application: Application, projection: type[Projection]) -> None:
    await application.database.open()
    try:
        await application.inline_building().build(projection)
    finally:
        await application.database.close()
