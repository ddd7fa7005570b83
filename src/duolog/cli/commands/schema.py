"""`duolog schema`: what is stored and answered, locked in a file that is kept with the code."""

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Final

import msgspec
import typer

from duolog.admin.schemas import StoredVersion, schema_source, stored_versions
from duolog.application.application import Application
from duolog.application.structure import structure_of
from duolog.cli.database_argument import inspected
from duolog.cli.examples import examples
from duolog.cli.json_line import echo_json
from duolog.cli.target_argument import JsonOption, TargetArgument, read_application
from duolog.cli.terminal import printable
from duolog.codec.schema_lock import SchemaBreak, SchemaLock
from duolog.container.databases import open_database
from duolog.errors import ConfigurationError

LOCK_EXAMPLES: Final = examples(
    ("duolog schema lock shop.main:api", "write duolog.lock.json, to be committed"),
)
CHECK_EXAMPLES: Final = examples(
    ("duolog schema check shop.main:api", "in CI: exit code 1 if the code broke the lock"),
    ("duolog schema check shop.main:api sqlite:///copy.db", "and every stored event decodes"),
)
_BROKEN: Final = 1
_FILE: Final = Path("duolog.lock.json")

FileOption = Annotated[Path, typer.Option("--file", metavar="FILE", help="The lock file.")]

schema = typer.Typer(no_args_is_help=True, epilog=CHECK_EXAMPLES)


@schema.callback()
def group() -> None:
    """Lock the schemas of events, named commands and queries, and check the code against the lock."""


@schema.command(epilog=LOCK_EXAMPLES)
def lock(
    target: TargetArgument,
    *,
    file: FileOption = _FILE,
    force: Annotated[bool, typer.Option("--force", help="Also where stored data can be read no more.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Write the lock file: the schemas of all that is stored or answered; older versions stay in it.

    Exit code 1, and nothing is written, if the code could not read what is stored by the lock's word.
    """
    source = schema_source(structure_of(read_application(target)))
    before = _read(file) if file.exists() else None
    losses = [] if before is None or force else [each for each in source.breaks(before) if each.loses_data]
    _show(losses, as_json=as_json)
    if losses:
        if as_json:
            echo_json({"file": str(file), "state": "refused"})
        typer.echo(f"{file} is left as it is", err=True)
        raise typer.Exit(_BROKEN)
    text = source.lock(before).text()
    if before is not None and file.read_text(encoding="utf-8") == text:
        state = "unchanged"
    else:
        _write(file, text)
        state = "written"
    if as_json:
        echo_json({"file": str(file), "state": state})
    else:
        typer.echo(f"{file} is {state}")


@schema.command(epilog=CHECK_EXAMPLES)
def check(
    target: TargetArgument,
    database_url: Annotated[
        str | None,
        typer.Argument(metavar="DATABASE_URL", help="Decode all events of this one, too.", show_default=False),
    ] = None,
    *,
    file: FileOption = _FILE,
    as_json: JsonOption = False,
) -> None:
    """Compare the code with the lock file, and decode every event of a database.

    With --json the last line has the counts.

    Exit code 1 if a stored type changed without a new version, vanished or lost an upcaster, if the lock file is not
    up to date, or if an event cannot be read. A new field with a default needs no new version, only `schema lock`.
    """
    application = read_application(target)
    breaks = list(schema_source(structure_of(application)).breaks(_read(file)))
    _show(breaks, as_json=as_json)
    stored = () if database_url is None else asyncio.run(_stored(database_url, application))
    for each in stored:
        if as_json:
            echo_json(each)
        elif each.undecodable:
            what = f"{each.type} version {each.schema_version}: {each.undecodable} of {each.events} events cannot be"
            typer.echo(printable(f"{what} read, the first at position {each.position}: {each.error}"))
            typer.echo("  hint: Register its class, or add the missing upcaster.")
    events, undecodable = sum(each.events for each in stored), sum(each.undecodable for each in stored)
    if as_json:
        echo_json(
            {
                "file": str(file),
                "breaks": len(breaks),
                "events": None if database_url is None else events,
                "undecodable": undecodable,
            }
        )
    if breaks or undecodable:
        raise typer.Exit(_BROKEN)
    if not as_json:
        proof = "" if database_url is None else f", and every stored event decodes ({events})"
        typer.echo(f"the code keeps {file}{proof}")


async def _stored(url: str, application: Application) -> Sequence[StoredVersion]:
    async with inspected(open_database(url)) as database:
        return await stored_versions(database, application.codec)


def _show(breaks: Sequence[SchemaBreak], *, as_json: bool) -> None:
    for each in breaks:
        if as_json:
            echo_json(each)
        else:
            typer.echo(printable(f"{each.section.value}: {each.name}: {each.message}"))
            typer.echo(f"  hint: {printable(each.advice)}")


class _Format(msgspec.Struct):
    """What every lock file has; an object without it is another program's file, or one that was emptied."""

    format: int


def _read(file: Path) -> SchemaLock:
    try:
        text = file.read_text(encoding="utf-8")
        lock = SchemaLock.parse(text)
        msgspec.json.decode(text, type=_Format)
    except msgspec.ValidationError as error:
        message = f"the schema lock {file} names no format"
        raise ConfigurationError(message, hint="Restore it from version control, or name another --file.") from error
    except (OSError, UnicodeDecodeError) as error:
        message = f"the schema lock {file} cannot be read: {error}"
        raise ConfigurationError(message, hint="`duolog schema lock` writes it.") from error
    return lock


def _write(file: Path, text: str) -> None:
    try:
        file.write_text(text, encoding="utf-8")
    except OSError as error:
        message = f"the schema lock {file} cannot be written: {error}"
        raise ConfigurationError(message) from error
