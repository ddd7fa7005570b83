"""`duolog projections refresh`: reading the rows of a materialized view anew at once."""

import asyncio
from typing import Final

import typer

from duolog.admin.refreshing import live_share, refresh_view
from duolog.application.application import Application
from duolog.cli.commands.projection_shares import NameArgument
from duolog.cli.examples import examples
from duolog.cli.json_line import echo_json
from duolog.cli.target_argument import JsonOption, TargetArgument, named_application
from duolog.cli.terminal import printable
from duolog.errors import ConfigurationError
from duolog.projections.materialized_view import MaterializedView

REFRESH_EXAMPLES: Final = examples(
    ("duolog projections refresh shop.main:api sign_ups", "now, whether something has changed or not"),
)


def refresh(target: TargetArgument, name: NameArgument, *, as_json: JsonOption = False) -> None:
    """Refresh a materialized view now, while the application runs or not; queries read it meanwhile.

    A refresh that is under way ends first. Whoever refreshes the view goes on afterwards.
    """
    application = named_application(target)
    view = _known(application, name)
    position = asyncio.run(_refresh(application, view))
    if as_json:
        echo_json({"name": name, "position": position})
    else:
        typer.echo(printable(f"{name} is refreshed, and has everything up to {position}"))


def _known(application: Application, name: str) -> type[MaterializedView]:
    known = {view.name: view for view in application.materialized_views}
    if name not in known:
        message = f"the application has no materialized view {name!r}"
        raise ConfigurationError(message, hint=f"It has: {', '.join(sorted(known)) or 'none'}.")
    return known[name]


async def _refresh(application: Application, view: type[MaterializedView]) -> int:
    await application.start(projections=False)
    try:
        share = await live_share(application.database, view.name)
        return await refresh_view(application.database, share, application.view_refresher(view, share))
    finally:
        await application.close()
