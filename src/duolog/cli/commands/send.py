"""`duolog send`: the rows of a file as commands."""

import asyncio
import hashlib
from collections.abc import Iterator, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from duolog.admin.command_mapping import CommandMapping
from duolog.admin.command_rows import BrokenRow, Row, RowFormat
from duolog.admin.schemas import named_commands
from duolog.admin.sending import Rejected, SendingOrder, Sent
from duolog.admin.sending import send as send_rows
from duolog.application.application import Application
from duolog.application.structure import structure_of
from duolog.cli.examples import examples
from duolog.cli.json_line import echo_json
from duolog.cli.rejects_report import RejectsReport
from duolog.cli.sending_progress import sending_progress
from duolog.cli.sent_file import SentFile, delimiter_of, format_of
from duolog.cli.stop_signals import StopSignal, stop_signals
from duolog.cli.target_argument import JsonOption, TargetArgument, named_application
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
    delimiter: Annotated[str, typer.Option(help="Between the cells of a CSV file: a character, or `tab`.")] = ",",
    encoding: Annotated[str, typer.Option(help="The file's, like cp1252.")] = "utf-8",
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

    Ctrl-C and SIGTERM let the commands under way end, and answer 130 and 143; a second one ends it at once.

    Each row takes effect once. After a crash, or with rejected rows corrected, send the file again: rows that were sent
    before are passed over, for as long as the application keeps idempotency keys.
    """
    application = named_application(target)
    binding = _binding(application, command)
    source = SentFile(file, form or format_of(file), delimiter_of(delimiter), encoding)
    mapping = CommandMapping(
        binding.message,
        columns=_pairs("--map", columns),
        constants=_pairs("--set", constants),
        is_text=source.form is RowFormat.CSV,
    )
    if key is not None and key not in mapping.fields:
        message = f"{binding.name} has no field {key!r} to keep rows in order by"
        raise ConfigurationError(message, hint=f"It has: {', '.join(mapping.fields)}.")
    order = SendingOrder(file.name, mapping, key, identity, concurrency)
    who = _Sender(Actor(actor, frozenset(roles or ())) if actor else None, tenant)
    total = source.count(mapping, id_column=identity)
    with RejectsReport.opened(rejects, source=file) as report, source.rows() as rows:
        work = _Work(application, command, binding, order, who, report, total)
        done, stop = asyncio.run(_send(work, rows, projections=projections))
    if as_json:
        counts = {"sent": done.sent, "already_sent": done.already_sent, "rejected": done.rejected}
        echo_json({"file": str(file), "command": command, **counts, "stopped": stop.came})
    else:
        typer.echo(f"stopped: {done}; send the file again to go on" if stop.came else str(done))
    if stop.came:
        raise typer.Exit(stop.exit_code)
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
    report: RejectsReport
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


async def _send(work: _Work, rows: Iterator[Row | BrokenRow], *, projections: bool) -> tuple[_Done, StopSignal]:
    done = _Done()
    with stop_signals() as stop:
        await work.application.start(projections=projections)
        try:
            work.report.begin()
            with sending_progress(work.total) as progress:
                sending = send_rows(rows, work.order, work.execute, is_stopping=lambda: stop.came)
                async with aclosing(sending) as outcomes:
                    async for outcome in outcomes:
                        match outcome:
                            case Rejected():
                                done.rejected += 1
                                work.report.add(outcome)
                            case Sent(before=True):
                                done.already_sent += 1
                            case Sent():
                                done.sent += 1
                        progress.advance(rejected=done.rejected)
            if projections:
                await _caught_up(work, stop)
        except BaseException:
            # Commands that were under way may have taken effect, too.
            typer.echo(f"stopped: at least {done}", err=True)
            raise
        finally:
            await work.application.close()
    return done, stop


async def _caught_up(work: _Work, stop: StopSignal) -> None:
    """Wait for the projections, unless a signal comes first."""
    waiting = [
        asyncio.ensure_future(work.application.caught_up(timeout=60.0 + work.total / 100)),
        asyncio.ensure_future(stop.wait()),
    ]
    try:
        await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        if waiting[0].done():
            waiting[0].result()
    finally:
        for each in waiting:
            each.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)


def _binding(application: Application, name: str) -> Binding[Any, Any]:
    commands = {spec.name: spec.cls for spec in named_commands(structure_of(application))}
    if name not in commands:
        message = f"the application has no command named {name!r}"
        known = ", ".join(commands) or 'none: put @command("...") on it'
        raise ConfigurationError(message, hint=f"Named commands: {known}.")
    return application.bindings[commands[name]]


def _pairs(option: str, texts: Sequence[str] | None) -> dict[str, str]:
    pairs: dict[str, str] = {}
    for text in texts or ():
        name, equals, value = text.partition("=")
        if not name or not equals or name in pairs:
            message = f"{option} {text} is not of the form FIELD=..., or names its field a second time"
            raise ConfigurationError(message, hint=f"Write it like {option} order_id=Nr.")
        pairs[name] = value
    return pairs
