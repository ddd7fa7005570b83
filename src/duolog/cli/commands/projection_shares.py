"""`duolog projections split|merge|audit`: dividing views, and comparing what was processed with the log."""

import asyncio
from collections.abc import Sequence
from typing import Annotated, Final

import typer

from duolog.admin.projection_audit import ShareAudit, audit_projection
from duolog.admin.share_division import merge_shares, rejoin_shares, split_shares
from duolog.application.application import Application
from duolog.cli.database_argument import DatabaseArgument, DatabaseOption, named_database
from duolog.cli.examples import examples
from duolog.cli.json_line import echo_json
from duolog.cli.target_argument import JsonOption, TargetArgument, named_application
from duolog.cli.terminal import printable
from duolog.database.port import Database
from duolog.errors import ConfigurationError
from duolog.projections.materialized_view import ViewClass
from duolog.projections.projection import Projection
from duolog.subscriptions.share import Share

SPLIT_EXAMPLES: Final = examples(
    ("duolog projections split users_view sqlite:///users.db", "from one share to two, from two to four"),
)
MERGE_EXAMPLES: Final = examples(("duolog projections merge shop.main:api users_view", "from four shares to two"))
AUDIT_EXAMPLES: Final = examples(
    ("duolog projections audit shop.main:api", "every projection of the application"),
    ("duolog projections audit shop.main:api users_view --json | jq .differences", "one of them"),
)
_DIFFERENT: Final = 1

NameArgument = Annotated[str, typer.Argument(metavar="NAME", help="As `duolog projections status` shows it.")]


def split(
    name: NameArgument,
    database_url: DatabaseArgument = None,
    *,
    database: DatabaseOption = None,
    as_json: JsonOption = False,
) -> None:
    """Divide each share of a view into two, which other processes can advance side by side.

    What runs goes on by itself: the share's position is that of both halves, and nothing is built anew. Inline
    projections, materialized views, reactors and process managers have one share, and are refused.
    """
    _show(name, asyncio.run(_split(named_database(database_url, database), name)), as_json=as_json)


def merge(target: TargetArgument, name: NameArgument, *, as_json: JsonOption = False) -> None:
    """Make one share of each two neighbours of a view.

    The one that is behind is first brought to where the other is, by the code of the application. What must have one
    share (an inline projection, a materialized view, a reactor or process manager) gets it back.
    """
    application = named_application(target)
    undivided = _undivided(application)
    if name in undivided:
        as_whole = name in {each.name for each in application.materialized_views}
        shares = asyncio.run(_rejoin(application.database, name, as_whole=as_whole))
    else:
        shares = asyncio.run(_merge(application, known_class(application, name)))
    _show(name, shares, as_json=as_json)


def audit(
    target: TargetArgument,
    name: Annotated[
        str | None, typer.Argument(metavar="[NAME]", help="This projection only.", show_default=False)
    ] = None,
    *,
    as_json: JsonOption = False,
) -> None:
    """Compare what projections have processed with the log: nothing left out, nothing twice.

    Each share keeps count and digest of the positions that it has applied or parked, in the same transactions. Where
    the log has others, the stretch is told. Projections may run meanwhile; nothing is changed.

    Exit code 1 if something differs.
    """
    application = named_application(target)
    chosen = followers(application) if name is None else (known_class(application, name),)
    audits = asyncio.run(_audit(application, chosen))
    for each in audits:
        if as_json:
            echo_json(each)
        else:
            typer.echo(_found(each))
    if any(each.differences for each in audits):
        raise typer.Exit(_DIFFERENT)


def _show(name: str, shares: Sequence[Share], *, as_json: bool) -> None:
    buckets = [str(share.buckets) for share in shares]
    if as_json:
        echo_json({"name": name, "shares": buckets})
    else:
        count = "1 share" if len(buckets) == 1 else f"{len(buckets)} shares"
        typer.echo(printable(f"{name} has {count}: {', '.join(buckets)}"))


def _found(audit: ShareAudit) -> str:
    where = printable(f"{audit.subscription} generation {audit.generation} buckets {audit.buckets}")
    if audit.through <= audit.after:  # its lower half has the count of what was before
        return f"{where}  nothing since it was divided at {audit.after}"
    compared = f"{audit.count} events in {audit.after + 1}..{audit.through}, digest {audit.digest}"
    if not audit.differences:
        return f"{where}  as the log: {compared}"
    lines = [
        f"    {each.after + 1}..{each.through} (buckets {each.buckets}): the log has {each.logged}, "
        f"{each.processed} were processed"
        for each in audit.differences
    ]
    return "\n".join((f"{where}  NOT as the log: {compared}", *lines))


def followers(application: Application) -> Sequence[type[Projection]]:
    """Return the projections of an application that follow the log; the inline ones are written by who appends."""
    return [projection for projection in application.projections if not projection.inline]


def known_class(application: Application, name: str) -> type[Projection]:
    """Return the projection of an application that has a name, and that follows the log.

    Raises:
        ConfigurationError: it has none of that name.
    """
    known = {projection.name: projection for projection in followers(application)}
    if name not in known:
        message = f"the application has no projection {name!r} that follows the log"
        raise ConfigurationError(message, hint=f"It has: {', '.join(sorted(known)) or 'none'}.")
    return known[name]


def known_view(application: Application, name: str) -> ViewClass:
    """Return the materialized view of an application that has a name, or else as `known_class`."""
    return next((view for view in application.materialized_views if view.name == name), None) or known_class(
        application, name
    )


def _undivided(application: Application) -> set[str]:
    inline = [each.name for each in application.projections if each.inline]
    materialized = [each.name for each in application.materialized_views]
    return {*inline, *materialized, *(each.name for each in application.processes)}


async def _rejoin(database: Database, name: str, *, as_whole: bool) -> Sequence[Share]:
    await database.open()
    try:
        return await rejoin_shares(database, name, as_whole=as_whole)
    finally:
        await database.close()


async def _split(database: Database, name: str) -> Sequence[Share]:
    await database.open()
    try:
        return await split_shares(database, name)
    finally:
        await database.close()


async def _merge(application: Application, projection: type[Projection]) -> Sequence[Share]:
    await application.start(projections=False)
    try:
        return await merge_shares(application.database, projection, application.projection_shares())
    finally:
        await application.close()


async def _audit(application: Application, projections: Sequence[type[Projection]]) -> Sequence[ShareAudit]:
    await application.start(projections=False)
    try:
        return [
            share
            for projection in projections
            for share in await audit_projection(application.database, projection, application.codec)
        ]
    finally:
        await application.close()
