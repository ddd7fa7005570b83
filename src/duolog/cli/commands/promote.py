"""`duolog promote`: moves a log to another database."""

import asyncio
from collections.abc import Sequence
from typing import Annotated, Final

import typer

from duolog.admin.promotion import Order, Phase, Plan, Promotion, plan, take_back
from duolog.admin.promotion import promote as move
from duolog.cli.examples import examples
from duolog.cli.json_line import echo_json
from duolog.cli.target_argument import JsonOption
from duolog.cli.terminal import printable
from duolog.cli.transfer_progress import transfer_progress
from duolog.container.databases import open_database
from duolog.database.transfer import Moved
from duolog.errors import ConfigurationError

EXAMPLES: Final = examples(
    ("duolog promote sqlite:///users.db postgresql://app@db/users", "move the log to PostgreSQL"),
    ("duolog promote sqlite:///users.db postgresql://app@db/users --dry-run", "look whether it can be moved"),
    ("duolog promote sqlite:///users.db postgresql://app@db/users --tables users,roles", "with rows of other tables"),
    ("duolog promote --undo sqlite:///users.db", "write here again: the other database is lost"),
)
_NOT_MOVED: Final = 1


def promote(
    source: Annotated[str, typer.Argument(metavar="SOURCE_URL", help="Where the log is.")],
    target: Annotated[
        str | None, typer.Argument(metavar="TARGET_URL", help="An empty database, or an empty schema of one.")
    ] = None,
    *,
    tables: Annotated[
        str, typer.Option(metavar="NAMES", help="Tables of the application, a,b: their rows go along.")
    ] = "",
    pause: Annotated[
        float, typer.Option(min=0.1, help="Seconds for which writing may be stopped at the end; if more, give up.")
    ] = 60.0,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only look whether it can be moved.")] = False,
    undo: Annotated[
        bool, typer.Option("--undo", help="Write in SOURCE_URL again; only if the database it went to is lost.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Move a log to another database, with positions, checkpoints, pauses, snapshots, keys, processes, due commands.

    The application may go on meanwhile: writing is stopped only for the last events. Every event is compared on both
    sides before the source is closed, which then can only be read. Interrupted, the same command goes on.

    Views are built anew in the target by their projections; those of inline projections by `duolog projections build`,
    before the application starts there: the command names them. Other tables stay behind, unless --tables names them;
    they must exist in the target.

    To go back, promote the other way round: what was recorded meanwhile is moved.
    """
    if undo:
        _undo(source, target, as_json=as_json)
        return
    if target is None:
        message = "no target is named"
        raise ConfigurationError(message, hint="Give the URL of an empty database, like postgresql://app@db/users.")
    names = tuple(name for name in (part.strip() for part in tables.split(",")) if name)
    order = Order(open_database(source), open_database(target), pause, names)
    if dry_run:
        _show_plan(order, asyncio.run(plan(order)), as_json=as_json)
        return
    with transfer_progress() as show:

        def on_progress(phase: Phase, at: int, end: int) -> None:
            show(phase.value, at, end)

        promotion = asyncio.run(move(order, on_progress=on_progress))
    if as_json:
        rate = round(promotion.copied / promotion.seconds) if promotion.seconds else 0
        echo_json({"source": order.source.url, "target": order.target.url, **_members(promotion), "rate": rate})
    else:
        _show(order, promotion)


def _members(promotion: Promotion) -> dict[str, object]:
    return {
        "was_done": promotion.was_done,
        "events": promotion.events,
        "sha256": promotion.digest,
        "copied": promotion.copied,
        "remembered": promotion.remembered,
        "rows": promotion.rows,
        "left": promotion.left,
        "to_build": promotion.to_build,
        "seconds": round(promotion.seconds, 3),
        "paused": round(promotion.paused, 3),
    }


def _show(order: Order, promotion: Promotion) -> None:
    source, target = printable(order.source.url), printable(order.target.url)
    if promotion.was_done:
        typer.echo(f"{source} was moved to {target} before")
    else:
        rate = promotion.copied / promotion.seconds if promotion.seconds else 0
        typer.echo(f"moved {source} to {target}")
        typer.echo(f"  copied      {promotion.copied:,} events in {promotion.seconds:.1f} s, {rate:,.0f} events/s")
        typer.echo(f"  paused      writing for {promotion.paused:.2f} s")
        what = "checkpoints, pauses, parked events, snapshots, keys, processes and scheduled commands"
        typer.echo(f"  remembered  {promotion.remembered:,} {what}")
        for table, count in promotion.rows.items():
            typer.echo(f"  table       {printable(table)}: {count:,} rows")
    typer.echo(f"  verified    {promotion.events:,} events on both sides")
    typer.echo(f"  sha256      {promotion.digest}")
    _show_left(promotion.left)
    _show_to_build(promotion.to_build)


def _show_left(left: Sequence[str]) -> None:
    if left:
        typer.echo(f"  not moved   {printable(', '.join(left))}")
        typer.echo(
            "              Views among them are built anew by their projections; of others, --tables moves rows."
        )


def _show_to_build(names: Sequence[str]) -> None:
    if names:
        typer.echo(f"  to build    {printable(', '.join(names))}")
        typer.echo(
            "              Inline views: `duolog projections build MODULE:ATTRIBUTE NAME` builds each, before the"
        )
        typer.echo("              application starts with the new URL.")


def _show_plan(order: Order, found: Plan, *, as_json: bool) -> None:
    if as_json:
        members = {
            "source": order.source.url,
            "target": order.target.url,
            "was_done": found.was_done,
            "position": found.events_through,
            "received": found.received_through,
            "left": [table for table in found.tables if table not in order.tables],
            "to_build": found.to_build,
        }
        echo_json(members)
    elif found.was_done:
        typer.echo(f"{printable(order.source.url)} was moved to {printable(order.target.url)} before")
    else:
        typer.echo(f"{printable(order.source.url)} can be moved to {printable(order.target.url)}")
        typer.echo(
            f"  log         up to position {found.events_through:,}; {found.received_through:,} is there already"
        )
        _show_left([table for table in found.tables if table not in order.tables])
        _show_to_build(found.to_build)


def _undo(source: str, target: str | None, *, as_json: bool) -> None:
    if target is not None:
        message = "--undo takes the database that is to be written again, and no other"
        raise ConfigurationError(message, hint="To move the log back, promote the other way round.")
    database = open_database(source)
    before = asyncio.run(take_back(database))
    moved = before.target if isinstance(before, Moved) else None
    if as_json:
        echo_json({"source": database.url, "was_moved_to": moved})
    elif moved is None:
        typer.echo(f"{printable(database.url)} was not moved")
    else:
        typer.echo(f"{printable(database.url)} is written again; see to it that nobody writes in {printable(moved)}")
    if moved is None:
        raise typer.Exit(_NOT_MOVED)
