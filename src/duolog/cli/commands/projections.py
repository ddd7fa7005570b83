"""`duolog projections`: where the read models stand, and removing what is left of one."""

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Annotated, Final

import msgspec
import typer
from rich.text import Text

from duolog.admin.forgetting import forget_projection, known_projection
from duolog.admin.projection_status import ProjectionStatus, ShareStatus, generation_rates, generation_statuses
from duolog.cli.commands.inline_building import BUILD_EXAMPLES, build
from duolog.cli.commands.projection_pauses import (
    PAUSE_EXAMPLES,
    RESET_EXAMPLES,
    RESUME_EXAMPLES,
    pause,
    reset,
    resume,
)
from duolog.cli.commands.projection_rebuild import REBUILD_EXAMPLES, ROLLBACK_EXAMPLES, rebuild, rollback
from duolog.cli.commands.projection_refresh import REFRESH_EXAMPLES, refresh
from duolog.cli.commands.projection_shares import (
    AUDIT_EXAMPLES,
    MERGE_EXAMPLES,
    SPLIT_EXAMPLES,
    audit,
    merge,
    split,
)
from duolog.cli.database_argument import DatabaseArgument, DatabaseOption, inspected, named_database
from duolog.cli.examples import examples
from duolog.cli.json_line import echo_json
from duolog.cli.table import Cell, print_table
from duolog.cli.terminal import printable
from duolog.database.port import Database

STATUS_EXAMPLES: Final = examples(
    ("duolog projections status sqlite:///users.db", "a table"),
    ("duolog projections status --json | jq .lag", "of DUOLOG_DATABASE"),
    ("duolog projections status --rate 5", "looks for 5 seconds how fast they are"),
)

FORGET_EXAMPLES: Final = examples(
    ("duolog projections forget old_view sqlite:///users.db", "its checkpoint and what it parked"),
    ("duolog projections forget old_view --drop-table old_view --yes", "and its table; nothing is asked"),
)

projections = typer.Typer(no_args_is_help=True, epilog=STATUS_EXAMPLES)


@projections.callback()
def group() -> None:
    """Show where the read models stand, and remove what is left of one."""


@projections.command(epilog=STATUS_EXAMPLES)
def status(
    database_url: DatabaseArgument = None,
    *,
    database: DatabaseOption = None,
    rate: Annotated[
        float | None, typer.Option(metavar="SECONDS", min=0.1, help="Look for so long how fast each one is.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line.")] = False,
) -> None:
    """Show how far each projection is, how far it lags behind the log, and who advances it.

    The lag is in events of the log, wanted or not, and in seconds: the age of the oldest one that is not applied. With
    --rate, a rate is how many events of the log a projection passes in a second.

    A view that is divided has a line for each share, and one that is built beside a live one lines of its own. The
    database is only read.
    """
    statuses = asyncio.run(_read(named_database(database_url, database), rate))
    if as_json:
        for each in statuses:
            typer.echo(msgspec.json.encode(asdict(each)).decode())
    elif statuses:
        _print(statuses)
    else:
        typer.echo("no projection has run on this database yet")


@projections.command(epilog=FORGET_EXAMPLES)
def forget(
    name: Annotated[str, typer.Argument(metavar="NAME", help="As `duolog projections status` shows it.")],
    database_url: DatabaseArgument = None,
    *,
    database: DatabaseOption = None,
    tables: Annotated[
        list[str] | None, typer.Option("--drop-table", metavar="TABLE", help="Drop it, too; may be repeated.")
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line.")] = False,
) -> None:
    """Remove a projection or process that the application has no more: its checkpoint, and the events that it parked.

    Of a process manager go what it remembers, and its deadlines; commands that it has sent stay.

    The events stay in the log. Whatever runs it must be stopped before; of an inline projection also processes that do
    no background work, which nobody sees: each command that raises its events would fail there.

    Its tables stay, unless --drop-table names them. If it may come back, drop them: it refuses to begin with rows.
    """
    dropped = tables or []
    found = asyncio.run(_known(named_database(database_url, database), name))
    what = f"its checkpoint at {found.position} and its {_parked(found.parked)}"
    if dropped:
        what += f", and drop {', '.join(dropped)}"
    if not yes:
        typer.confirm(printable(f"Remove {name}: {what}?"), abort=True, err=True)
    asyncio.run(_forget(named_database(database_url, database), name, dropped))
    if as_json:
        echo_json({"name": name, "position": found.position, "parked": found.parked, "dropped_tables": dropped})
    else:
        tail = f"; dropped: {', '.join(dropped)}" if dropped else "; its tables stay"
        typer.echo(printable(f"{name} is forgotten{tail}"))


def _parked(count: int) -> str:
    return "1 parked event" if count == 1 else f"{count} parked events"


async def _known(database: Database, name: str) -> ProjectionStatus:
    async with inspected(database):
        return await known_projection(database, name)


async def _forget(database: Database, name: str, tables: Sequence[str]) -> None:
    await database.open()
    try:
        await forget_projection(database, name, tables=tables)
    finally:
        await database.close()


async def _read(database: Database, rate: float | None) -> Sequence[ProjectionStatus]:
    async with inspected(database):
        if rate is not None:
            return await generation_rates(database, seconds=rate)
        return await generation_statuses(database)


def _print(statuses: Sequence[ProjectionStatus]) -> None:
    now = datetime.now(UTC)
    rate = ("rate",) if any(each.rate is not None for each in statuses) else ()  # if it was asked for
    print_table(
        ("projection", "version", "position", "lag", *rate, "updated (UTC)", "owner", "parked"),
        (row for each in statuses for row in _rows(each, now)),
    )


def _rows(status: ProjectionStatus, now: datetime) -> Iterator[Sequence[Cell]]:
    name = status.name if status.role == "live" else f"{status.name} ({status.role} {status.generation})"
    if status.paused_since is not None:
        name = f"{name} (paused)"
    updated = f"{status.updated_at:%Y-%m-%d %H:%M:%S}" if status.updated_at else "never"
    parked = Text(str(status.parked), "red" if status.parked else "")
    behind = f"{status.lag} ({status.lag_seconds:.0f} s)" if status.lag else "0"
    lag = Text(behind, "yellow" if status.lag else "green")
    rate = () if status.rate is None else (f"{status.rate:.0f}/s",)
    if len(status.shares) == 1:
        owner = "inline" if status.inline else _owner(status.shares[0], now)
        yield name, status.version, status.position, lag, *rate, updated, owner, parked
        return
    yield name, status.version, status.position, lag, *rate, updated, _owners(status.shares, now), parked
    for share in status.shares:
        share_lag = Text(str(share.lag), "yellow" if share.lag else "green")
        yield f"  {share.buckets}", "", share.position, share_lag, *("" for _ in rate), "", _owner(share, now), ""


def _owners(shares: Sequence[ShareStatus], now: datetime) -> str:
    held = {share.owner for share in shares if share.leased_until is not None and share.leased_until > now}
    return "1 owner" if len(held) == 1 else f"{len(held)} owners"


def _owner(share: ShareStatus, now: datetime) -> str:
    if share.owner is None or share.leased_until is None:
        return "nobody"
    expired = "" if share.leased_until > now else f" (expired {share.leased_until:%H:%M:%S})"
    return f"{share.owner}{expired}"


projections.command(epilog=SPLIT_EXAMPLES)(split)
projections.command(epilog=PAUSE_EXAMPLES)(pause)
projections.command(epilog=RESUME_EXAMPLES)(resume)
projections.command(epilog=RESET_EXAMPLES)(reset)
projections.command(epilog=MERGE_EXAMPLES)(merge)
projections.command(epilog=AUDIT_EXAMPLES)(audit)
projections.command(epilog=BUILD_EXAMPLES)(build)
projections.command(epilog=REBUILD_EXAMPLES)(rebuild)
projections.command(epilog=ROLLBACK_EXAMPLES)(rollback)
projections.command(epilog=REFRESH_EXAMPLES)(refresh)
