"""Sending the commands of a file: side by side, in order for each key, each row's refusal reported."""

import asyncio
import contextlib
import zlib
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable
from dataclasses import dataclass
from typing import Final

from duolog.admin.command_mapping import CommandMapping, UnfitRowError
from duolog.admin.command_rows import BrokenRow, Row
from duolog.errors import (
    ConfigurationError,
    ConstraintViolationError,
    DatabaseError,
    DuologError,
    NotStartedError,
    UnreadableAnswerError,
)

_WAITING: Final = 32

Execute = Callable[[object, str], Awaitable[bool]]
"""Executes a command, unless its row was sent before, and tells whether it was.

The text is the row's idempotency key: the same row of the same file has the same one.
"""


@dataclass(frozen=True, slots=True)
class Rejected:
    """A row whose command was not executed.

    Attributes:
        line: the line on which it begins.
        error: the error's class; empty where the row could not be read.
        reason: why.
    """

    line: int
    error: str
    reason: str


@dataclass(frozen=True, slots=True)
class Sent:
    """A row whose command was executed.

    Attributes:
        line: the line on which it begins.
        before: it was executed when the row was sent before, and not again.
    """

    line: int
    before: bool = False


@dataclass(frozen=True, slots=True)
class SendingOrder:
    """How rows become commands, and in which order they are sent.

    Attributes:
        source: the file's name, which is part of the rows' idempotency keys.
        mapping: makes the commands.
        key: field of the command; those with the same value are sent in the file's order, one after another. None: no
            order, unless ``concurrency`` is 1.
        id_column: column with the row's own id, which is its idempotency key; None takes file, line and content.
        concurrency: so many commands side by side.
    """

    source: str
    mapping: CommandMapping
    key: str | None = None
    id_column: str | None = None
    concurrency: int = 1

    def idempotency_key(self, row: Row) -> str:
        """Return the text that is the same when the same row is sent again.

        Raises:
            UnfitRowError: the row has no value in the id column.
        """
        if self.id_column is None:
            return f"{self.source}:{row.line}:{row.digest}"
        own = row.columns.get(self.id_column)
        if own is None or own == "":
            message = f"it has no value in the id column {self.id_column!r}"
            raise UnfitRowError(message)
        return str(own)


_Work = tuple[int, object, str]


async def send(
    rows: Iterable[Row | BrokenRow],
    order: SendingOrder,
    execute: Execute,
    *,
    is_stopping: Callable[[], bool] = lambda: False,
) -> AsyncGenerator[Sent | Rejected, None]:
    """Send the commands of rows.

    Args:
        rows: in the file's order.
        order: how.
        execute: executes one command.
        is_stopping: asked before each row; once it is true, what is under way ends, and nothing else begins.

    Yields:
        What came of each row, as it came; a refusal by the domain, or by a conflict that did not end, is that row's.

    Raises:
        DuologError: what is no row's fault, like a database that failed; what was yielded before is done.
    """
    outcomes: asyncio.Queue[Sent | Rejected | Exception | None] = asyncio.Queue(order.concurrency)
    sender = asyncio.create_task(_send_all(rows, order, execute, outcomes, is_stopping))
    try:
        while (outcome := await outcomes.get()) is not None:
            if isinstance(outcome, Exception):
                raise outcome
            yield outcome
    finally:
        sender.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await sender


async def _send_all(
    rows: Iterable[Row | BrokenRow],
    order: SendingOrder,
    execute: Execute,
    outcomes: asyncio.Queue[Sent | Rejected | Exception | None],
    is_stopping: Callable[[], bool],
) -> None:
    # With a key each lane takes its own rows, and a key's rows are all in one lane; without, all take from one queue.
    count = order.concurrency if order.key is not None else 1
    lanes = [asyncio.Queue[_Work | None](_WAITING) for _ in range(count)]
    try:
        async with asyncio.TaskGroup() as group:
            for number in range(order.concurrency):
                group.create_task(_work(lanes[number % count], execute, outcomes, is_stopping))
            for row in rows:
                if is_stopping():
                    break
                try:
                    lane, work = _prepared(row, order, count)
                except UnfitRowError as error:
                    await outcomes.put(Rejected(row.line, "", str(error)))
                    continue
                await lanes[lane].put(work)
            for number in range(order.concurrency):
                await lanes[number % count].put(None)
    except ExceptionGroup as errors:
        await outcomes.put(errors.exceptions[0])
    else:
        await outcomes.put(None)


def _prepared(row: Row | BrokenRow, order: SendingOrder, lanes: int) -> tuple[int, _Work]:
    if isinstance(row, BrokenRow):
        raise UnfitRowError(row.reason)
    command = order.mapping.command(row)
    lane = 0
    if order.key is not None:
        lane = zlib.crc32(str(getattr(command, order.key)).encode("utf-8", "surrogatepass")) % lanes
    return lane, (row.line, command, order.idempotency_key(row))


async def _work(
    lane: "asyncio.Queue[_Work | None]",
    execute: Execute,
    outcomes: asyncio.Queue[Sent | Rejected | Exception | None],
    is_stopping: Callable[[], bool],
) -> None:
    while (work := await lane.get()) is not None:
        if is_stopping():
            continue  # the lane is emptied, so that who fills it gets on
        line, command, idempotency_key = work
        try:
            before = await execute(command, idempotency_key)
        except UnreadableAnswerError:
            await outcomes.put(Sent(line, before=True))  # it took effect; only its stored result is past reading
        except Exception as error:
            if _stops(error):
                raise
            reason = error.message if isinstance(error, DuologError) else str(error)
            await outcomes.put(Rejected(line, type(error).__name__, reason))
        else:
            await outcomes.put(Sent(line, before))


def _stops(error: Exception) -> bool:
    """Tell whether the next rows would meet the same error."""
    if isinstance(error, ConstraintViolationError):
        return False
    return isinstance(error, DatabaseError | ConfigurationError | NotStartedError | MemoryError)
