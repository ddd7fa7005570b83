"""The replicas of a database: which one a query goes to, and which ones are well."""

import asyncio
import logging
import random
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Final

from duolog.adapters.postgres.connecting import Connection
from duolog.adapters.postgres.connections import Connections
from duolog.adapters.postgres.location import DEFAULT_SCHEMA, Location, parse_location
from duolog.adapters.postgres.own_commits import OwnCommits
from duolog.adapters.postgres.read_session import begin_reading
from duolog.adapters.postgres.replica import LOOK_SECONDS, Begun, PostgresReplica
from duolog.adapters.postgres.replica_looks import PrimaryLook, WrittenPlaces, look_at_primary
from duolog.adapters.postgres.replica_meter import Outcome, ReplicaMeter
from duolog.adapters.postgres.replica_session import ReplicaReadSession
from duolog.adapters.postgres.statements import Statements
from duolog.database.examination import Examination, Level
from duolog.database.replicas import ReplicaPace, ReplicaStatus
from duolog.errors import ConfigurationError, DatabaseError, DuologError, NotAReplicaError
from duolog.tables.replica_snapshots import SnapshotNeed

_log: Final = logging.getLogger("duolog.replicas")
_HISTORY: Final = 2.0
_LEAST_SECONDS: Final = 0.05


@dataclass(frozen=True, slots=True)
class Primary:
    """The open database itself.

    Attributes:
        sessions: connections for queries.
        connections: connections for duolog's own reads.
        statements: runs the application's statements.
        commits: what this process has committed there.
    """

    sessions: Connections
    connections: Connections
    statements: Statements
    commits: OwnCommits


class PostgresReplicas:
    """A `Replicas`.

    A process keeps to one replica as long as that has what is asked for, so that its answers seldom go back in time;
    the others stand in. Each process begins with another one.

    Args:
        location: of the database itself.
        urls: of the replicas.
        pace: how they are looked after.
        primary: returns the database itself, which is open while they are.

    Raises:
        ConfigurationError: a URL is wrong, names another schema, or is given twice.
    """

    def __init__(
        self, location: Location, urls: Sequence[str], pace: ReplicaPace, primary: Callable[[], Primary]
    ) -> None:
        self._pace = pace
        self._primary = primary
        self._replicas = [PostgresReplica(_replica_location(url, location.schema)) for url in urls]
        names = [replica.name for replica in self._replicas]
        if len(set(names)) < len(names):
            message = f"a replica is named twice: {', '.join(sorted(names))}"
            raise ConfigurationError(message)
        random.shuffle(self._replicas)
        self._written = WrittenPlaces(seconds=_HISTORY * max(pace.lag_seconds, pace.look_seconds))
        self._least = 0
        self._meter = ReplicaMeter()
        self._doubt = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    async def open(self) -> None:
        """Look at each replica once, and then from time to time; see `Replicas.open`."""
        await self.require_now()
        primary = await self._look_at_primary()
        await asyncio.gather(*(self._look(replica, primary) for replica in self._replicas))
        for replica in self._replicas:
            if replica.misfit:
                raise NotAReplicaError(name=replica.name, reason=replica.misfit)
        self._task = asyncio.create_task(self._run(primary), name="duolog-postgres-replicas")

    async def close(self) -> None:
        """Disconnect; see `Replicas.close`."""
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            await asyncio.wait({task})
        await asyncio.gather(*(replica.close() for replica in self._replicas))

    async def require_now(self) -> None:
        """Let each snapshot have what was committed before; see `Replicas.require_now`."""
        commits = self._primary().commits
        commits.note()
        self._least = max(self._least, await commits.lsn())

    def open_reader(self, need: SnapshotNeed, *, seconds: float | None = None) -> ReplicaReadSession:
        """Open a session that may read a replica; see `Replicas.open_reader`."""
        primary = self._primary()
        return ReplicaReadSession(self, need, primary.sessions, primary.statements, seconds=seconds)

    def statuses(self) -> Sequence[ReplicaStatus]:
        """Tell how each replica is doing; see `Replicas.statuses`."""
        found = [
            ReplicaStatus(each.name, not each.trouble, each.lag, each.trouble, each.snapshots)
            for each in self._replicas
        ]
        return sorted(found, key=lambda status: status.name)

    async def examine(self) -> Sequence[Examination]:
        """Look at each replica once; see `Replicas.examine`."""
        try:
            primary = await self._look_at_primary()
            await asyncio.gather(*(self._judge(replica, primary) for replica in self._replicas))
        finally:
            await asyncio.gather(*(replica.close() for replica in self._replicas))
        return [_examination(status) for status in self.statuses()]

    async def begin(self, need: SnapshotNeed, seconds: float | None) -> tuple[PostgresReplica, Begun] | None:
        """Begin a snapshot on the first replica that has what is needed; see `ReplicaChoice.begin`."""
        least = self._least
        if need.own_commits:
            least = max(least, await self._primary().commits.lsn())
        for replica in self._replicas:
            if not replica.can_take:
                continue
            try:
                begun = await replica.begin(need, least, begin_reading(replica.connections.location, seconds))
            except DatabaseError as error:
                self.failed(replica, None, error)
                continue
            self._meter.count(replica.name, Outcome.READ if begun is not None else Outcome.BEHIND)
            if begun is not None:
                return replica, begun
        self._meter.count_primary()
        return None

    def failed(self, replica: PostgresReplica, connection: Connection | None, error: DatabaseError) -> None:
        """Use a replica no more whose connection has ended, until it is looked at; else the statement is to blame."""
        self._meter.count(replica.name, Outcome.FAILED)
        if connection is None or connection.is_closed():
            before, replica.trouble = replica.trouble, error.message
            self._tell(replica, before)
            self._doubt.set()

    async def _run(self, primary: PrimaryLook) -> None:
        while True:
            self._doubt.clear()
            await asyncio.sleep(min(_LEAST_SECONDS, self._pace.look_seconds))
            with suppress(TimeoutError):
                async with asyncio.timeout(self._pace.look_seconds):
                    await self._doubt.wait()
            with suppress(DuologError):  # whoever asks the database itself says so; replicas may go on
                primary = await self._look_at_primary()
            await asyncio.gather(*(self._look(replica, primary) for replica in self._replicas))

    async def _look_at_primary(self) -> PrimaryLook:
        connections, at = self._primary().connections, time.monotonic()
        try:
            async with asyncio.timeout(LOOK_SECONDS), connections.use() as connection:
                look = await look_at_primary(connection, connections.location.schema)
        except TimeoutError:
            message = "the database did not answer in time"
            raise DatabaseError(message) from None
        self._written.note(at, look.lsn)
        return look

    async def _look(self, replica: PostgresReplica, primary: PrimaryLook) -> None:
        """Look at a replica, and use it or not."""
        before, is_well = replica.trouble, await self._judge(replica, primary)
        if not is_well:
            replica.cut_off()  # what runs there may wait for long
        self._tell(replica, before)

    async def _judge(self, replica: PostgresReplica, primary: PrimaryLook) -> bool:
        """Find out whether a replica is to be used; False if not even what runs there may go on."""
        at = time.monotonic()
        try:
            look = await replica.look()
        except DuologError as error:
            replica.lag, replica.misfit, replica.trouble = None, "", error.message
            return False
        replica.misfit = look.misfit(primary)
        replica.lag = None if replica.misfit else self._written.lag(look, at)
        limit = self._pace.lag_seconds
        if replica.misfit:
            replica.trouble = replica.misfit
        elif not look.log_id or replica.lag is None:
            replica.trouble = "it does not show the log yet"
        elif replica.lag > limit:
            replica.trouble = f"it is more than {limit:g} s behind"
        else:
            replica.trouble = ""
        return not replica.misfit

    def _tell(self, replica: PostgresReplica, before: str) -> None:
        if replica.trouble != before:
            if replica.trouble:
                _log.warning("replica %s is not used: %s", replica.name, replica.trouble)
            else:
                _log.info("replica %s is used", replica.name)
        self._meter.measure(replica.name, is_used=not replica.trouble, lag=replica.lag)


def _replica_location(url: str, schema: str) -> Location:
    location = parse_location(url)
    if location.schema not in {schema, DEFAULT_SCHEMA}:
        message = f"a replica's URL names the schema {location.schema}, the database's {schema}"
        raise ConfigurationError(message, hint="A replica has the log where its primary has it.")
    return replace(location, schema=schema)


def _examination(status: ReplicaStatus) -> Examination:
    subject = f"replica {status.name}"
    if status.is_used:
        return Examination(subject, Level.WELL, f"{status.lag or 0:.1f} s behind")
    behind = "" if status.lag is None else f" ({status.lag:.1f} s)"
    advice = "Queries are answered elsewhere meanwhile. Look at the server, and at pg_stat_replication of its primary."
    return Examination(subject, Level.FAULT, f"it is not used: {status.trouble}{behind}", advice)
