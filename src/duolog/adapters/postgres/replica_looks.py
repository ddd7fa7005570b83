"""Looking at a primary and at what may be a replica of it, and how far one is behind the other."""

from collections import deque
from dataclasses import dataclass
from typing import Any, Final

from duolog.adapters.postgres.connecting import Connection
from duolog.adapters.postgres.sql_files import load_sql

_MOST_SAMPLES: Final = 1_000


@dataclass(frozen=True, slots=True)
class PrimaryLook:
    """What identifies a database, and where the server's log of writes (WAL) ends on disk.

    Attributes:
        system: the server's system identifier, which its replicas share.
        timeline: the server's timeline.
        database: the database's number.
        log_id: of the log in it.
        lsn: the end of what is on disk.
    """

    system: str
    timeline: int
    database: int
    log_id: str
    lsn: int


@dataclass(frozen=True, slots=True)
class ReplicaLook:
    """The same of what may be a replica.

    Attributes:
        follows: it is in recovery: it follows another server.
        system: the server's system identifier.
        timeline: the timeline of its last restart point; it may have come to a later one.
        database: the database's number.
        log_id: of the log in it; empty if there is none, or none yet.
        lsn: up to there it shows what its primary has written.
        since: age of the last commit that it shows, in seconds, by the two servers' clocks.
    """

    follows: bool
    system: str
    timeline: int
    database: int
    log_id: str
    lsn: int
    since: float

    def misfit(self, primary: PrimaryLook) -> str:
        """Return why it is no replica of this database; empty if it may be one."""
        if not self.follows:
            return "it follows no other server"
        if self.system != primary.system:
            return "it is a copy of another server"
        if self.timeline > primary.timeline:
            return "it follows a server that took over from this one"
        if self.database != primary.database or (self.log_id and self.log_id != primary.log_id):
            return "it has another log"
        return ""


async def look_at_primary(connection: Connection, schema: str) -> PrimaryLook:
    """Look at the database itself.

    Raises:
        asyncpg.PostgresError: the database failed.
    """
    row: Any = await connection.fetchrow(load_sql("look_at_primary", schema))
    return PrimaryLook(row["system"], row["timeline"], row["database"], row["log_id"], row["lsn"])


async def look_at_replica(connection: Connection, schema: str) -> ReplicaLook:
    """Look at what may be a replica.

    Raises:
        asyncpg.PostgresError: the server failed.
    """
    row: Any = await connection.fetchrow(load_sql("look_at_replica", schema))
    log_id = await connection.fetchval(load_sql("read_log_id", schema)) if row["has_log"] else None
    return ReplicaLook(
        follows=row["follows"],
        system=row["system"],
        timeline=row["timeline"],
        database=row["database"],
        log_id=log_id or "",
        lsn=row["lsn"],
        since=row["since"],
    )


class WrittenPlaces:
    """Where the primary's log of writes ended when: a replica's lag is read off it, by this process's clock alone.

    A primary that writes nothing lets no replica fall behind.

    Args:
        seconds: so far back it must tell.
    """

    __slots__ = ("_samples", "_seconds")

    def __init__(self, *, seconds: float) -> None:
        self._seconds = seconds
        self._samples: deque[tuple[float, int]] = deque(maxlen=_MOST_SAMPLES)

    def note(self, at: float, lsn: int) -> None:
        """Note where it ended at ``at`` or later, by the process's steady clock."""
        self._samples.append((at, lsn))
        while len(self._samples) > 1 and self._samples[1][0] <= at - self._seconds:
            self._samples.popleft()

    def lag(self, look: ReplicaLook, at: float) -> float | None:
        """Return for how long at most a replica has lacked something, in seconds; None if nothing was noted yet.

        Args:
            look: at the replica.
            at: when it was looked at, by the process's steady clock.
        """
        if not self._samples:
            return None
        if look.lsn >= self._samples[-1][1]:
            return 0.0
        shown = next((noted for noted, lsn in reversed(self._samples) if lsn <= look.lsn), None)
        return max(at - self._samples[0][0], look.since) if shown is None else at - shown
