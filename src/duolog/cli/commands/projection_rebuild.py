"""`duolog projections rebuild|rollback`: building a view anew while it is read, and going back to the one before."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Final, TypeVar

import typer

from duolog.admin.generation_difference import GenerationDifference, compare_generations
from duolog.application.application import Application
from duolog.cli.build_progress import build_progress
from duolog.cli.commands.projection_shares import known_class, known_view
from duolog.cli.difference_text import difference_json, difference_text, masked_row
from duolog.cli.examples import examples
from duolog.cli.json_line import echo_json
from duolog.cli.stop_signals import stop_signals
from duolog.cli.target_argument import JsonOption, TargetArgument, named_application
from duolog.cli.terminal import printable
from duolog.projections.building import Show
from duolog.projections.projection import Projection
from duolog.projections.rebuild import Rebuilds
from duolog.subscriptions.generations import Generation, Role

REBUILD_EXAMPLES: Final = examples(
    ("duolog projections rebuild shop.main:api users_view", "build it anew, and switch when it has caught up"),
    ("duolog projections rebuild shop.main:api users_view --diff --switch-if-equal", "only if nothing would change"),
    ("duolog projections rebuild shop.main:api users_view --diff --no-switch", "look what would change"),
    ("duolog projections rebuild shop.main:api users_view --cancel", "drop what is built"),
)
ROLLBACK_EXAMPLES: Final = examples(
    ("duolog projections rollback shop.main:api users_view", "read the view again that the rebuilt one replaced"),
)
_DIFFERENT: Final = 1

T = TypeVar("T")

NameArgument = Annotated[str, typer.Argument(metavar="NAME", help="As `duolog projections status` shows it.")]
SecondsOption = Annotated[
    float, typer.Option("--seconds", min=0.0, help="How long to try to switch where the tables are in use.")
]


@dataclass(frozen=True, slots=True)
class _Wanted:
    strict: bool
    diff: bool
    switch: bool
    if_equal: bool
    samples: int
    secrets: bool
    seconds: float


@dataclass(frozen=True, slots=True)
class _Came:
    generation: Generation
    difference: GenerationDifference | None
    is_live: bool


def rebuild(
    target: TargetArgument,
    name: NameArgument,
    *,
    diff: Annotated[bool, typer.Option("--diff", help="Compare it row by row with the live one.")] = False,
    no_switch: Annotated[bool, typer.Option("--no-switch", help="Keep it beside the live one.")] = False,
    if_equal: Annotated[
        bool, typer.Option("--switch-if-equal", help="Compare, and switch only if nothing differs.")
    ] = False,
    strict: Annotated[
        bool, typer.Option("--strict", help="Stop at the first event that cannot be applied; park none.")
    ] = False,
    cancel: Annotated[bool, typer.Option("--cancel", help="Drop what a rebuild has built and not switched.")] = False,
    drop_previous: Annotated[
        bool, typer.Option("--drop-previous", help="Drop the replaced ones that are kept to go back to.")
    ] = False,
    samples: Annotated[int, typer.Option(min=0, help="Rows to show of each kind of difference.")] = 5,
    secrets: Annotated[bool, typer.Option("--secrets", help="Show columns that are named like a secret, too.")] = False,
    seconds: SecondsOption = 60.0,
    as_json: JsonOption = False,
) -> None:
    """Build a view anew from the log while the application runs, and let queries read it when it has caught up.

    Interrupted, by Ctrl-C or worse, it keeps what is built: the same command goes on from there. A second one at the
    same time helps. Processes of this version help, too. The replaced view is kept going for a time: see `rollback`.

    Exit code 1 if a comparison finds differences and --no-switch or --switch-if-equal is given.
    """
    application = named_application(target)
    projection = known_class(application, name)
    if cancel or drop_previous:
        role = Role.SHADOW if cancel else Role.PREVIOUS
        numbers = asyncio.run(_running(application, lambda rebuilds: rebuilds.drop(projection, role)))
        _show_dropped(name, role, numbers, as_json=as_json)
        return
    wanted = _Wanted(strict, diff or if_equal, not no_switch, if_equal, samples, secrets, seconds)
    with build_progress(as_json=as_json) as show:
        came = asyncio.run(
            _until_stopped(
                _running(application, lambda rebuilds: _rebuild(application, rebuilds, projection, wanted, show)),
                f"{name} stays as it is built: the same command goes on from there, --cancel drops it",
            )
        )
    _show_rebuilt(came, as_json=as_json)
    if came.difference is not None and not came.difference.is_equal and (no_switch or if_equal):
        raise typer.Exit(_DIFFERENT)


def rollback(
    target: TargetArgument,
    name: NameArgument,
    *,
    accept_behind: Annotated[
        bool, typer.Option("--accept-behind", help="Also if it has not caught up: queries go back in time.")
    ] = False,
    seconds: SecondsOption = 60.0,
    as_json: JsonOption = False,
) -> None:
    """Let queries read the view again that a rebuilt one has replaced.

    If it has the code's version, what it lacks is applied first. Otherwise processes of its version keep it going, as
    they do a materialized view; where none run, it is behind, and this is refused unless --accept-behind is given.
    """
    application = named_application(target)
    projection = known_view(application, name)

    async def go_back(rebuilds: Rebuilds, show: Show) -> tuple[Generation, int]:
        previous = await rebuilds.previous(projection)
        behind = 0 if previous is None else await rebuilds.behind(projection, previous)
        generation = await rebuilds.roll_back(projection, accept_behind=accept_behind, seconds=seconds, show=show)
        return generation, behind if accept_behind else 0

    with build_progress(as_json=as_json) as show:
        generation, behind = asyncio.run(_running(application, lambda rebuilds: go_back(rebuilds, show)))
    if as_json:
        echo_json({**_members(generation), "behind": behind})
        return
    tail = f"; it is {behind:,} positions behind" if behind else ""
    typer.echo(printable(f"{name} is at generation {generation.number}, version {generation.version}, again{tail}"))


async def _rebuild(
    application: Application, rebuilds: Rebuilds, projection: type[Projection], wanted: _Wanted, show: Show
) -> _Came:
    async with rebuilds.building(projection, strict=wanted.strict) as rebuild:
        await rebuild.build(show)
        difference = None
        if wanted.diff:
            await rebuild.let_go()
            difference = await compare_generations(
                application.database,
                projection,
                application.projection_shares(),
                rebuild.shadow,
                mask=_as_stored if wanted.secrets else masked_row,
                samples=wanted.samples,
            )
        if not wanted.switch or (wanted.if_equal and difference is not None and not difference.is_equal):
            return _Came(rebuild.shadow, difference, is_live=False)
        return _Came(await rebuild.switch(seconds=wanted.seconds), difference, is_live=True)


async def _running(application: Application, work: Callable[[Rebuilds], Awaitable[T]]) -> T:
    await application.start(projections=False)
    try:
        return await work(application.rebuilds())
    finally:
        await application.close()


async def _until_stopped(work: Awaitable[T], told: str) -> T:
    """Wait for work; a signal ends it in good order."""
    with stop_signals() as stop:
        task = asyncio.ensure_future(work)
        stopping = asyncio.create_task(stop.wait())
        await asyncio.wait({task, stopping}, return_when=asyncio.FIRST_COMPLETED)
        stopping.cancel()
        if not task.done():
            task.cancel()
            await asyncio.wait({task})
            if task.cancelled():
                typer.echo(printable(told), err=True)
                raise typer.Exit(stop.exit_code)
        return await task


def _show_rebuilt(came: _Came, *, as_json: bool) -> None:
    if as_json:
        difference = None if came.difference is None else difference_json(came.difference)
        echo_json({**_members(came.generation), "is_live": came.is_live, "difference": difference})
        return
    if came.difference is not None:
        typer.echo(difference_text(came.difference))
    what = "is live now" if came.is_live else "was built, and is not switched to"
    generation = came.generation
    typer.echo(
        printable(f"{generation.subscription}: generation {generation.number}, version {generation.version}, {what}")
    )


def _show_dropped(name: str, role: Role, numbers: tuple[int, ...], *, as_json: bool) -> None:
    if as_json:
        echo_json({"name": name, "dropped": numbers})
    elif numbers:
        typer.echo(printable(f"{name}: dropped generation {', '.join(map(str, numbers))}"))
    else:
        typer.echo(printable(f"{name} has no {role.value} generation"))


def _members(generation: Generation) -> dict[str, Any]:
    return {
        "name": generation.subscription,
        "generation": generation.number,
        "version": generation.version,
        "role": generation.role.value,
    }


def _as_stored(row: Mapping[str, Any]) -> Mapping[str, Any]:
    return row
