"""Writing a log into a file."""

import asyncio
from collections.abc import Callable
from contextlib import aclosing
from dataclasses import dataclass
from typing import IO, Final

from duolog.admin.event_lines import encode_line
from duolog.admin.log_digest import LogDigest
from duolog.admin.log_file import FORMAT, End, Header, encode_part
from duolog.database.port import Database
from duolog.database.transfer import KeptProcess, ProcessBeginning
from duolog.eventstore.whole_log import read_log
from duolog.scheduling.scheduled_command import ScheduledCommand
from duolog.subscriptions.checkpoints import Checkpoint
from duolog.subscriptions.generations import Generation
from duolog.subscriptions.processed import Stretch

_PAGE: Final = 2_000
_BEFORE_AND_WITH_THEM: Final = (Generation, Checkpoint, Stretch, ProcessBeginning, KeptProcess, ScheduledCommand)


@dataclass(frozen=True, slots=True)
class Exported:
    """What was written.

    Attributes:
        events: how many events.
        digest: SHA-256 over their lines.
        through: position of the last one.
    """

    events: int
    digest: str
    through: int


@dataclass(frozen=True, slots=True)
class LeftOut:
    """What a file of a log has no place for, although nothing derives it from the log.

    Attributes:
        commands: how many scheduled commands.
        processes: how many running processes.
    """

    commands: int
    processes: int


async def left_out(database: Database) -> LeftOut:
    """Count what a file of the log would leave out.

    Args:
        database: open; it is only read.
    """
    commands = processes = 0
    async for page in database.transfer.remembered():
        for each in page:
            commands += isinstance(each, ScheduledCommand)
            processes += isinstance(each, KeptProcess)
        if page and not isinstance(page[0], _BEFORE_AND_WITH_THEM):
            break  # what follows is none of them, and may be long
    return LeftOut(commands, processes)


async def export_log(database: Database, file: IO[bytes], *, on_progress: Callable[[int, int], None]) -> Exported:
    """Write the events that a log has now, each exactly as it is stored.

    Args:
        database: open; it is only read.
        file: where to.
        on_progress: called with the position that was reached, and the last one.

    Raises:
        DatabaseError: the log cannot be read.
        OSError: the file cannot be written.
    """
    identity = await database.transfer.identity()
    end = await database.store.head()
    digest, after = LogDigest(), 0
    await asyncio.to_thread(file.write, encode_part(Header(FORMAT, 1, identity.log_id, identity.secret_check)))
    async with aclosing(read_log(database.store, until=end, limit=_PAGE)) as pages:
        async for page in pages:
            lines = [encode_line(event) for event in page.events if event.position <= end]
            if not lines:
                break
            for line in lines:
                digest.add_line(line)
            await asyncio.to_thread(file.writelines, lines)
            after = page.events[len(lines) - 1].position
            on_progress(after, end)
    await asyncio.to_thread(file.write, encode_part(End(digest.count, digest.hex)))
    return Exported(digest.count, digest.hex, after)
