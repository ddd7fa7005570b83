"""`duolog doctor`: whether a database and its projections are well."""

import asyncio
from collections.abc import Sequence
from typing import Annotated, Final

import typer

from duolog.admin.doctor import diagnose
from duolog.application.application import Application
from duolog.cli.database_argument import DatabaseOption, named_database
from duolog.cli.examination_text import examination_text
from duolog.cli.examples import examples
from duolog.cli.json_line import echo_json
from duolog.cli.target_argument import JsonOption, named_application
from duolog.database.examination import Examination, Level
from duolog.database.port import Database
from duolog.errors import ConfigurationError
from duolog.eventstore.filters import EventFilter
from duolog.process_managers.runtime import VERSION
from duolog.projections.inline_views import wanted_types
from duolog.projections.materialized_view import ViewClass

EXAMPLES: Final = examples(
    ("duolog doctor sqlite:///shop.db", "the database and its projections"),
    ("duolog doctor shop.main:api", "and whether its views are those of the code"),
    ("duolog doctor shop.main:api --strict --json", "exit code 1 with risks, too"),
)
_NOT_WELL: Final = 1
_COLOURS: Final = {Level.WELL: "green", Level.RISK: "yellow", Level.FAULT: "red"}
_MOST: Final = 2


def doctor(
    arguments: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[DATABASE_URL] [MODULE:ATTRIBUTE]",
            help="A database, an application, or both; an application brings its database.",
            show_default=False,
        ),
    ] = None,
    *,
    database: DatabaseOption = None,
    patience: Annotated[
        float, typer.Option(min=0, help="Seconds for which a projection that lags may stay where it is.")
    ] = 1.0,
    quick: Annotated[bool, typer.Option("--quick", help="Do not compare indexes with their tables.")] = False,
    strict: Annotated[bool, typer.Option("--strict", help="Count risks as faults.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Examine a database: reachable, whole, of this release, with room; and its projections: moving, owned, not parked.

    The database is only read. Each finding says what to do. All of the file is read, each index too: say --quick where
    that takes too long.

    Exit code 1 with faults.
    """
    examined, application = _named(arguments or [], database)
    views, decode = (None, None) if application is None else (_views(application), application.codec.decode_all)
    delays = {} if application is None else {each.name: each.longest_lag() for each in application.materialized_views}
    reads = {} if application is None else {each.name: _names(each.reads) for each in application.materialized_views}
    inline = {} if application is None else _inline(application)
    replicas = None if application is None or examined is not application.database else application.replicas
    diagnosis = diagnose(
        examined,
        views=views,
        decode=decode,
        delays=delays,
        reads=reads,
        inline=inline,
        patience=patience,
        quick=quick,
        replicas=replicas,
    )
    found = asyncio.run(diagnosis)
    for each in found:
        if as_json:
            members = {"subject": each.subject, "level": each.level.value, "found": each.found, "advice": each.advice}
            echo_json(members)
        else:
            _print(each)
    bad = {Level.FAULT, Level.RISK} if strict else {Level.FAULT}
    if any(each.level in bad for each in found):
        raise typer.Exit(_NOT_WELL)


def _named(arguments: list[str], option: str | None) -> tuple[Database, Application | None]:
    urls = [each for each in arguments if "://" in each]
    targets = [each for each in arguments if "://" not in each]
    if len(arguments) > _MOST or len(urls) > 1 or len(targets) > 1:
        message = "name one database and one application at most"
        raise ConfigurationError(message, hint="Like `duolog doctor sqlite:///shop.db shop.main:api`.")
    if not targets:
        return named_database(urls[0] if urls else None, option), None
    application = named_application(targets[0])
    named = named_database(urls[0] if urls else None, option) if urls or option else application.database
    return named, application


def _views(application: Application) -> dict[str, int]:
    views = {each.name: each.version for each in application.views}
    return views | {process.name: VERSION for process in application.processes}


def _names(views: Sequence[ViewClass]) -> Sequence[str]:
    return [each.name for each in views]


def _inline(application: Application) -> dict[str, EventFilter]:
    return {
        each.name: EventFilter.of(types=sorted(wanted_types(each))) for each in application.projections if each.inline
    }


def _print(each: Examination) -> None:
    typer.secho(f"{each.level.value:<5}", fg=_COLOURS[each.level], nl=False)
    typer.echo(f"  {examination_text(each)}")
