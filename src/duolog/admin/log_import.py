"""Filling an empty log from a file: a backup, or history that another system has written."""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, islice
from typing import Final

from duolog.admin.event_lines import EventLine
from duolog.admin.imported_lines import decode_lines, kept_events, new_events
from duolog.admin.log_digest import LogDigest
from duolog.admin.log_file import End, Header, Line, cut_off, read_end, read_header
from duolog.database.closed_log import IMPORTED, check_in_use
from duolog.database.port import Database
from duolog.database.transfer import LogTransfer, Receiving
from duolog.dispatch.shield import shielded
from duolog.errors import LogFileError, TransferError
from duolog.messages.envelope import RecordedEvent

_BATCH: Final = 2_000

Decoded = Sequence[tuple[Line, EventLine]]


@dataclass(frozen=True, slots=True)
class Imported:
    """What was imported.

    Attributes:
        events: how many events.
        log_id: identity of the log, which a backup keeps.
        is_backup: whether it was a backup, whose events keep everything.
    """

    events: int
    log_id: str
    is_backup: bool


async def import_log(
    database: Database, lines: Iterator[Line], name: str, *, on_progress: Callable[[int], None]
) -> Imported:
    """Fill an empty log, which can be used once all of it is there; after any refusal it is empty again.

    Args:
        database: opened for a transfer.
        lines: of the file.
        name: of the file, for whoever finds an import that was killed; the next one begins anew.
        on_progress: called with the number of events so far.

    Raises:
        LogFileError: a line breaks a rule, or the file was cut off.
        LogNotEmptyError: there are events in the log.
        LogClosedError: the log was moved, or another one is on its way in.
        AnotherSecretError: the database was used with another secret than the backup.
        DatabaseError: the database failed; the log stays closed until the next import.
    """
    transfer = database.transfer
    state = await transfer.state()
    if isinstance(state, Receiving) and state.source.startswith(IMPORTED):
        await transfer.abandon()
    else:
        check_in_use(state, database.url)
    first = next(lines, None)
    header = None if first is None else read_header(first)
    identity = await transfer.identity()
    if header is not None:
        identity = type(identity)(header.log_id, header.secret_check or identity.secret_check)
    await transfer.begin(identity, f"{IMPORTED} of {name}")
    rest = lines if header is not None or first is None else chain((first,), lines)
    try:
        count = await _Import(transfer, database, header, on_progress).run(rest)
    except LogFileError:
        await shielded(transfer.abandon())
        raise
    await transfer.finish()
    return Imported(count, identity.log_id, header is not None)


class _Import:
    """One import: while a batch is written, the next one is read and checked."""

    def __init__(
        self, transfer: LogTransfer, database: Database, header: Header | None, on_progress: Callable[[int], None]
    ) -> None:
        self._transfer = transfer
        self._database = database
        self._header = header
        self._on_progress = on_progress
        self._digest = LogDigest()
        self._position = 0
        self._count = 0
        self._now = 0
        self._ahead: dict[tuple[str, str], int] = {}  # versions after the batch that is being written
        self._writing: asyncio.Task[None] | None = None

    async def run(self, lines: Iterator[Line]) -> int:
        state = await self._transfer.state()
        self._now = state.since if isinstance(state, Receiving) else 0
        end: End | None = None
        try:
            while end is None and (batch := await asyncio.to_thread(lambda: list(islice(lines, _BATCH)))):
                if self._header is not None:
                    batch, end = self._without_end(batch)
                await self._receive(decode_lines(batch))
            await self._written()
        finally:
            if self._writing is not None:
                await shielded(_ended(self._writing))
        if self._header is not None and (end is None or next(lines, None) is not None):
            raise cut_off()
        if end is not None and (end.events, end.sha256) != (self._digest.count, self._digest.hex):
            raise cut_off()
        return self._count

    def _without_end(self, batch: list[Line]) -> tuple[list[Line], End | None]:
        for at, line in enumerate(batch):
            end = read_end(line)
            if end is not None:
                if at + 1 < len(batch):
                    raise cut_off()
                return batch[:at], end
            self._digest.add_line(line.text)
        return batch, None

    async def _receive(self, batch: Decoded) -> None:
        if not batch:
            return
        streams = {(each.tenant, each.stream) for _, each in batch}
        versions = dict(await self._transfer.stream_versions(sorted(streams - self._ahead.keys())))
        versions.update((stream, self._ahead[stream]) for stream in streams & self._ahead.keys())
        if self._header is not None:
            events = kept_events(batch, self._position, versions)
        else:
            events = new_events(batch, self._position, versions, now=self._now)
        await self._written()
        self._position, self._ahead = events[-1].position, versions
        self._writing = asyncio.create_task(self._write(batch, events))

    async def _write(self, batch: Decoded, events: Sequence[RecordedEvent]) -> None:
        try:
            await self._transfer.receive(events)
        except TransferError as error:
            raise await self._repeated(batch, events) from error
        self._count += len(events)
        self._on_progress(self._count)

    async def _written(self) -> None:
        writing, self._writing = self._writing, None
        if writing is not None:
            await writing

    async def _repeated(self, batch: Decoded, events: Sequence[RecordedEvent]) -> LogFileError:
        """Find the line whose event id stands before it: all else was checked."""
        known = set(await self._database.store.read_events([event.event_id for event in events]))
        for (line, _), event in zip(batch, events, strict=True):
            if event.event_id in known:
                message = "its event_id stands on a line before"
                return LogFileError(message, line=line.number, hint="Every event has an id of its own.")
            known.add(event.event_id)
        message = "these lines cannot be kept as they are"
        return LogFileError(message, line=batch[0][0].number)


async def _ended(task: asyncio.Task[None]) -> None:
    await asyncio.wait((task,))
    if not task.cancelled():
        task.exception()  # seen: an error before it is what the import fails with
