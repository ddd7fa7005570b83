"""Moving a log: the port by which a database gives its log away, and takes one in exactly as it was.

A log that is being received, or that was moved away, is closed: nothing is recorded in it, by anybody, also not by
processes that had it open before. It can be read all the time.
"""

from collections.abc import AsyncIterable, AsyncIterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, replace
from typing import Protocol

from duolog.messages.envelope import RecordedEvent
from duolog.process_managers.states import StoredProcess
from duolog.scheduling.scheduled_command import ScheduledCommand
from duolog.subscriptions.checkpoints import Checkpoint
from duolog.subscriptions.generations import Generation
from duolog.subscriptions.parking import ParkedEvent
from duolog.subscriptions.pauses import Pause
from duolog.subscriptions.processed import Stretch
from duolog.tables.ports import Row
from duolog.write.idempotency import IdempotencyRecord, StoredAnswer
from duolog.write.snapshots import StoredSnapshot


@dataclass(frozen=True, slots=True)
class LogIdentity:
    """What makes a log the same log wherever it is kept.

    Attributes:
        log_id: carried by position tokens, which stay valid where the log goes.
        secret_check: check value of the application's secret; empty if the log never met one.
    """

    log_id: str
    secret_check: str = ""


@dataclass(frozen=True, slots=True)
class InUse:
    """The log takes events."""


@dataclass(frozen=True, slots=True)
class Receiving:
    """The log is on its way in, and not complete yet.

    Attributes:
        source: where it comes from: a URL without its password.
        since: microseconds since 1970, by the database's clock.
    """

    source: str
    since: int


@dataclass(frozen=True, slots=True)
class Moved:
    """The log was moved away, and is only read here.

    Attributes:
        target: where it went: a URL without its password.
        since: microseconds since 1970, by the database's clock.
    """

    target: str
    since: int


TransferState = InUse | Receiving | Moved


@dataclass(frozen=True, slots=True)
class TenantSnapshot:
    """A snapshot, and whose it is.

    Attributes:
        tenant: whose stream it is of.
        snapshot: the snapshot.
    """

    tenant: str
    snapshot: StoredSnapshot


@dataclass(frozen=True, slots=True)
class KeptKey:
    """An idempotency key with what is stored under it.

    Attributes:
        record: the key, its scope, fingerprint and result.
        answer: what it is answered with.
        recorded_at: when it was committed, microseconds since 1970.
    """

    record: IdempotencyRecord
    answer: StoredAnswer
    recorded_at: int


@dataclass(frozen=True, slots=True)
class ProcessBeginning:
    """Where a reactor or process manager begins.

    Attributes:
        process: its name.
        position: after which position of the log.
    """

    process: str
    position: int


@dataclass(frozen=True, slots=True)
class KeptPause:
    """A subscription that stands still on purpose.

    Attributes:
        subscription: its name.
        pause: who paused it, and when.
    """

    subscription: str
    pause: Pause


@dataclass(frozen=True, slots=True)
class KeptProcess:
    """A running process, and when it was written last.

    Attributes:
        process: what is stored of it.
        updated_at: microseconds since 1970.
    """

    process: StoredProcess
    updated_at: int


Remembered = (
    Generation
    | Checkpoint
    | Stretch
    | KeptPause
    | ProcessBeginning
    | KeptProcess
    | ScheduledCommand
    | ParkedEvent
    | TenantSnapshot
    | KeptKey
)
"""What a database remembers beside the log's events."""


class StoppedWriters(Protocol):
    """Nobody writes while it lasts."""

    async def mark_moved(self, target: str) -> None:
        """Close the log for good, and let the writers go on, who are refused from now on; it must be the last call.

        Args:
            target: where it went: a URL without its password.

        Raises:
            HoldExpiredError: they were stopped for too long; nothing was changed.
        """
        ...


class LogTransfer(Protocol):
    """Gives a log away and takes one in. `Database.open` with ``for_transfer`` comes first."""

    async def state(self) -> TransferState:
        """Tell whether the log is in use, on its way in, or gone."""
        ...

    async def identity(self) -> LogIdentity:
        """Return what makes the log the same log elsewhere."""
        ...

    async def other_tables(self) -> Sequence[str]:
        """Return the names of the tables that are not duolog's own, nor of a generation that is not live, sorted."""
        ...

    # --- giving ------------------------------------------------------------------------------------------------------

    def remembered(self) -> AsyncIterator[Sequence[Remembered]]:
        """Yield what is remembered beside the events, a page at a time and of one kind each.

        The order is the same on every database: generations by subscription, checkpoints and stretches by share,
        pauses by subscription, where processes begin by name, processes by name, tenant and key, scheduled commands as
        they were scheduled, parked events by subscription and position, snapshots by tenant and stream, keys by scope
        and key; texts by their UTF-8 bytes. Of views only live generations go along: others are built anew.
        """
        ...

    def table_rows(self, table: str) -> AsyncIterator[Sequence[Row]]:
        """Yield the rows of one of `other_tables`, a page at a time and in no order, out of one snapshot.

        Raises:
            StatementError: there is no such table.
        """
        ...

    def stop_writers(self, *, seconds: float) -> AbstractAsyncContextManager[StoppedWriters]:
        """Wait for those who write, and let nobody else begin until the block ends.

        Args:
            seconds: how long to wait, and how long they may be stopped after that.

        Raises:
            DatabaseBusyError: they did not end in time.
        """
        ...

    async def take_back(self) -> None:
        """Open a log again that was moved; only right if the place that it went to is lost. Otherwise does nothing."""
        ...

    # --- taking ------------------------------------------------------------------------------------------------------

    async def begin(self, identity: LogIdentity, source: str) -> int:
        """Become the given log, which is closed from now on until `finish`.

        Begun again with the same log it goes on: a transfer that was interrupted, or a log that was moved from here
        and comes back with what was recorded meanwhile.

        Args:
            identity: of the log that comes.
            source: where from: a URL without its password.

        Returns:
            The position of the last event that is here already; 0 if there is none.

        Raises:
            LogNotEmptyError: another log has events here.
            AnotherSecretError: this database was used with another secret.
        """
        ...

    async def receive(self, events: Sequence[RecordedEvent]) -> None:
        """Record events with everything that they have, all of them or none.

        Args:
            events: in the order of their positions, above the last one that is here.

        Raises:
            LogClosedError: no transfer is under way.
            TransferError: positions do not increase, or an event id or a stream's version stands twice.
        """
        ...

    async def stream_versions(self, streams: Sequence[tuple[str, str]]) -> Mapping[tuple[str, str], int]:
        """Return the versions of streams, each given as tenant and name; those without events are left out."""
        ...

    async def replace_remembered(self, pages: AsyncIterable[Sequence[Remembered]]) -> None:
        """Put what another database remembers in the place of what is remembered here, all of it or nothing.

        Checkpoints start with fencing token 0, and nobody executes a scheduled command: nobody was ever given any here.

        Raises:
            LogClosedError: no transfer is under way.
        """
        ...

    async def receive_rows(self, table: str, pages: AsyncIterable[Sequence[Row]]) -> None:
        """Insert rows into one of `other_tables`, all of them or none; what the columns are is the table's business.

        Raises:
            StatementError: there is no such table, or a row does not fit it.
            ConstraintViolationError: a constraint refuses a row.
        """
        ...

    async def abandon(self) -> None:
        """Forget what was received of an unfinished transfer; the log is empty and in use, with an id of its own.

        Raises:
            LogClosedError: no transfer is under way.
        """
        ...

    async def finish(self) -> None:
        """Take the log into use, complete; does nothing if it is in use.

        Raises:
            LogClosedError: the log was moved away from here.
        """
        ...


def normalised(remembered: Remembered) -> Remembered:
    """Return what `LogTransfer.replace_remembered` makes of it: what it says of owners is forgotten."""
    match remembered:
        case Checkpoint():
            return replace(remembered, token=0)
        case ScheduledCommand():
            return replace(remembered, owner="")
        case _:
            return remembered
