"""The argument that names a database, and opening it for inspection."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Annotated

import typer

from duolog.container.databases import open_database
from duolog.database.port import Database
from duolog.errors import ConfigurationError


class _OfEnvironment(str):
    """A URL that nobody has typed, so that another one may be typed beside it."""

    __slots__ = ()


def _origin(context: typer.Context, parameter: typer.CallbackParam, value: str | None) -> str | None:
    source = context.get_parameter_source(parameter.name or "")
    return _OfEnvironment(value) if value and source is not None and source.name == "ENVIRONMENT" else value


DatabaseArgument = Annotated[
    str | None, typer.Argument(metavar="DATABASE_URL", help="Like sqlite:///users.db.", show_default=False)
]
DatabaseOption = Annotated[
    str | None,
    typer.Option(
        "--database",
        metavar="URL",
        envvar="DUOLOG_DATABASE",
        help="The same as the argument.",
        show_default=False,
        callback=_origin,
    ),
]


def named_database(argument: str | None, option: str | None) -> Database:
    """Make the database that a command's arguments name, not connected yet.

    Args:
        argument: the positional argument, which comes before DUOLOG_DATABASE.
        option: ``--database``, or DUOLOG_DATABASE.

    Raises:
        ConfigurationError: no database is named, or both arguments name one, and not the same; or its URL is not of its
            scheme's form.
        MissingDriverError: no adapter is installed for it.
    """
    if argument and option and argument != option and not isinstance(option, _OfEnvironment):
        message = "two databases are named"
        raise ConfigurationError(message, hint="Give one URL: as the argument, or after --database.")
    url = argument or option
    if not url:
        message = "no database is named"
        raise ConfigurationError(message, hint="Give its URL, like sqlite:///users.db, or set DUOLOG_DATABASE.")
    return open_database(url)


@asynccontextmanager
async def inspected(database: Database) -> AsyncGenerator[Database, None]:
    """Open a database to read it only: it is neither created nor migrated.

    Raises:
        SchemaError: its schema is not that of this release.
        DatabaseError: there is no such database, or it cannot be opened.
    """
    await database.open(read_only=True)
    try:
        yield database
    finally:
        await database.close()
