"""`duolog send`: the rows of a file as commands."""

import asyncio
import hashlib
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, aclosing
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Annotated, Any, Final, Literal, TextIO

import msgspec
import typer

from duolog.admin.command_mapping import CommandMapping
from duolog.admin.command_rows import BrokenRow, Row, RowFormat, read_rows
from duolog.admin.schemas import named_commands
from duolog.admin.sending import Rejected, SendingOrder, Sent
from duolog.admin.sending import send as send_rows
from duolog.application.application import Application
from duolog.application.structure import structure_of
from duolog.cli.examples import examples
from duolog.cli.json_line import echo_json
from duolog.cli.sending_progress import sending_progress
from duolog.cli.target_argument import JsonOption, TargetArgument, named_application
from duolog.cli.terminal import printable
from duolog.errors import ConfigurationError
from duolog.messages.binding import Binding
from duolog.messages.metadata import Actor, Metadata
from duolog.write.idempotency import IdempotencyKey

EXAMPLES: Final = examples(
    ("duolog send shop.main:api order.place orders.csv --key order_id", "a column for each field"),
    ("duolog send shop.main:api order.place old.csv --map order_id=Nr --set channel=import", "other columns"),
    ("duolog send shop.main:api order.place orders.ndjson --concurrency 16 --rejects rejects.ndjson", "faster"),
)
_REJECTED: Final = 1
_FORMATS: Final = {".csv": RowFormat.CSV, ".ndjson": RowFormat.NDJSON, ".jsonl": RowFormat.NDJSON}


def send(
    target: TargetArgument,
    command: Annotated[str, typer.Argument(metavar="COMMAND", help="Its name, as in @command, like order.place.")],
    file: Annotated[Path, typer.Argument(metavar="FILE", help="CSV with a header, or NDJSON.")],
    *,
    columns: Annotated[
        list[str] | None, typer.Option("--map", metavar="FIELD=COLUMN", help="The column of a field; may be repeated.")
    ] = None,
    constants: Annotated[
        list[str] | None, typer.Option("--set", metavar="FIELD=VALUE", help="The same in all rows; may be repeated.")
    ] = None,
    key: Annotated[str | None, typer.Option(metavar="FIELD", help="Rows with the same value go in order.")] = None,
    concurrency: Annotated[int, typer.Option(min=1, max=1024, help="Commands side by side.")] = 1,
    identity: Annotated[
        str | None, typer.Option("--id", metavar="COLUMN", help="The rows' own id; else file, line and content.")
    ] = None,
    rejects: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write rejected rows here: line, error and reason as NDJSON.")
    ] = None,
    form: Annotated[RowFormat | None, typer.Option("--format", help="If the file's name does not tell.")] = None,
    delimiter: Annotated[str, typer.Option(help="Between the cells of a CSV file.")] = ",",
    actor: Annotated[str | None, typer.Option(help="Id of who sends the commands.")] = None,
    roles: Annotated[list[str] | None, typer.Option("--role", help="Role of the actor; may be repeated.")] = None,
    tenant: Annotated[str, typer.Option(help="Whose data it is, if there are tenants.")] = "",
    projections: Annotated[bool, typer.Option("--projections", help="Run the projections here, too.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Send each row of a file as a named command.

    A field takes the column of its name, the column that --map names, or the value that --set gives. An empty CSV cell
    leaves out a field that has a default.

    What the application refuses is reported with its line, and the rows behind it go on. Exit code 1 if there are some.

    Each row takes effect once. After a crash, or with rejected rows corrected, send the file again: rows that were sent
    before are passed over, for as long as the application keeps idempotency keys.
    """
    application = named_application(target)
    binding = _binding(application, command)
    row_format = form or _format_of(file)
    mapping = CommandMapping(
        binding.message,
        columns=_pairs("--map", columns),
        constants=_pairs("--set", constants),
        is_text=row_format is RowFormat.CSV,
    )
    if key is not None and key not in mapping.fields:
        message = f"{binding.name} has no field {key!r} to keep rows in order by"
        raise ConfigurationError(message, hint=f"It has: {', '.join(mapping.fields)}.")
    order = SendingOrder(file.name, mapping, key, identity, concurrency)
    who = _Sender(Actor(actor, frozenset(roles or ())) if actor else None, tenant)
    with ExitStack() as stack:
        report = stack.enter_context(_opened(rejects, "w")) if rejects is not None else None
        total = _count(file, row_format, delimiter, mapping)
        source = read_rows(stack.enter_context(_opened(file, "r")), row_format, delimiter=delimiter)
        work = _Work(application, command, binding, order, who, report, total)
        done = asyncio.run(_send(work, source, projections=projections))
    if as_json:
        counts = {"sent": done.sent, "already_sent": done.already_sent, "rejected": done.rejected}
        echo_json({"file": str(file), "command": command, **counts})
    else:
        typer.echo(str(done))
    if done.rejected:
        raise typer.Exit(_REJECTED)


@dataclass(frozen=True, slots=True)
class _Sender:
    actor: Actor | None
    tenant: str

    def metadata(self) -> Metadata:
        return Metadata(actor=self.actor, tenant=self.tenant)


@dataclass(frozen=True, slots=True)
class _Work:
    application: Application
    command: str
    binding: Binding[Any, Any]
    order: SendingOrder
    sender: _Sender
    report: TextIO | None
    total: int

    async def execute(self, command: object, idempotency_key: str) -> bool:
        """Execute one row's command, unless it was executed before; tell whether it was."""
        receipt = await self.application.execute_bound_with_receipt(
            self.binding, command, metadata=self.sender.metadata(), idempotency_key=self._key(idempotency_key)
        )
        return receipt.replayed

    def _key(self, row: str) -> IdempotencyKey:
        # A file's name and a row's id are any text, of any length, and not to be seen in the table of keys.
        digest = hashlib.sha256(row.encode("utf-8", "surrogatepass")).hexdigest()
        return IdempotencyKey(digest, f"send {self.command}")


@dataclass(slots=True)
class _Done:
    sent: int = 0
    already_sent: int = 0
    rejected: int = 0

    def __str__(self) -> str:
        before = f"{self.already_sent} already sent, " if self.already_sent else ""
        return f"{self.sent} sent, {before}{self.rejected} rejected"


async def _send(work: _Work, rows: Iterator[Row | BrokenRow], *, projections: bool) -> _Done:
    done = _Done()
    await work.application.start(projections=projections)
    try:
        with sending_progress(work.total) as progress:
            async with aclosing(send_rows(rows, work.order, work.execute)) as outcomes:
                async for outcome in outcomes:
                    match outcome:
                        case Rejected():
                            done.rejected += 1
                            _report(outcome, work.report)
                        case Sent(before=True):
                            done.already_sent += 1
                        case Sent():
                            done.sent += 1
                    progress.advance(rejected=done.rejected)
        if projections:
            await work.application.caught_up(timeout=60.0 + work.total / 100)
    except BaseException:
        typer.echo(f"stopped: {done}", err=True)
        raise
    finally:
        await work.application.close()
    return done


def _report(rejected: Rejected, report: TextIO | None) -> None:
    if report is None:
        kind = f"{rejected.error}: " if rejected.error else ""
        typer.echo(printable(f"line {rejected.line}: {kind}{rejected.reason}"), err=True)
        return
    members = {"line": rejected.line, "error": rejected.error, "reason": rejected.reason}
    report.write(printable(msgspec.json.encode(members).decode()) + "\n")
    report.flush()


def _binding(application: Application, name: str) -> Binding[Any, Any]:
    commands = {spec.name: spec.cls for spec in named_commands(structure_of(application))}
    if name not in commands:
        message = f"the application has no command named {name!r}"
        known = ", ".join(commands) or 'none: put @command("...") on it'
        raise ConfigurationError(message, hint=f"Named commands: {known}.")
    return application.bindings[commands[name]]


def _format_of(file: Path) -> RowFormat:
    form = _FORMATS.get(file.suffix.lower())
    if form is None:
        message = f"the name of {file} does not tell how it is written"
        raise ConfigurationError(message, hint="Give --format csv or --format ndjson.")
    return form


def _pairs(option: str, texts: Sequence[str] | None) -> dict[str, str]:
    pairs: dict[str, str] = {}
    for text in texts or ():
        name, equals, value = text.partition("=")
        if not name or not equals or name in pairs:
            message = f"{option} {text} is not of the form FIELD=..., or names its field a second time"
            raise ConfigurationError(message, hint=f"Write it like {option} order_id=Nr.")
        pairs[name] = value
    return pairs


def _count(file: Path, form: RowFormat, delimiter: str, mapping: CommandMapping) -> int:
    """Count the rows, and check the columns of CSV."""
    with _opened(file, "r") as opened:
        rows = read_rows(opened, form, delimiter=delimiter)
        first = next((row for row in rows if isinstance(row, Row)), None)
        if first is None:
            return 0
        if form is RowFormat.CSV:
            mapping.refuse_missing(tuple(first.columns))
        return sum(1 for _ in chain([first], rows))


def _opened(file: Path, mode: Literal["r", "w"]) -> TextIO:
    try:
        # Bytes that are no UTF-8 break their own row, not the file.
        return file.open(mode, encoding="utf-8-sig" if mode == "r" else "utf-8", errors="surrogateescape", newline="")
    except OSError as error:
        message = f"{file} cannot be opened: {error.strerror}"
        raise ConfigurationError(message) from error
