"""One replica: its connections, whether it is used, and snapshots of it that have what a query needs."""

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any, Final
from urllib.parse import urlsplit
from weakref import WeakKeyDictionary

from duolog.adapters.postgres.connecting import Connection, connect
from duolog.adapters.postgres.connections import Connections
from duolog.adapters.postgres.errors import DRIVER_ERRORS, reported
from duolog.adapters.postgres.location import Location
from duolog.adapters.postgres.replica_looks import ReplicaLook, look_at_replica
from duolog.adapters.postgres.sql_files import load_sql
from duolog.adapters.postgres.statements import Statements
from duolog.errors import ConfigurationError, DatabaseError
from duolog.tables.replica_snapshots import SnapshotNeed
from duolog.tables.view_changes import ViewChanges

LOOK_SECONDS: Final = 1.0
"""A replica that answers no look in this time is not used."""

_CONNECT_TIMEOUT: Final = 1_000


@dataclass(frozen=True, slots=True)
class Begun:
    """A connection to a replica, in a transaction that has what was needed.

    Attributes:
        connection: to be given back to the replica's.
        changes: what the views that were looked at have come to in the snapshot.
    """

    connection: Connection
    changes: Mapping[str, ViewChanges]


class PostgresReplica:
    """One replica.

    Args:
        location: where it is.

    Attributes:
        name: its server and database, without user and password.
        trouble: why it is not used; empty if it is.
        misfit: why it is no replica of this database; empty if it is one, or that is not known.
        lag: how far it was behind when it was last looked at, in seconds; None if that is not known.
        snapshots: how many were begun that had what was needed.

    Raises:
        ConfigurationError: the URL names several servers.
    """

    def __init__(self, location: Location) -> None:
        parts = urlsplit(location.url)
        host = parts.netloc.rpartition("@")[2]
        if "," in host:
            message = "a replica's URL names several servers"
            raise ConfigurationError(message, hint="Each replica has its own URL in replicas=[...].")
        self.name: Final = f"{host}{parts.path}"
        # Nobody waits long for a machine that is gone while there are others.
        self._location = replace(location, connect_timeout=min(location.connect_timeout, _CONNECT_TIMEOUT))
        self.connections: Final = Connections(self._location, read_only=True)
        self.statements: Final = Statements()
        self.trouble = "it was not looked at yet"
        self.misfit = ""
        self.lag: float | None = None
        self.snapshots = 0
        self._shown: WeakKeyDictionary[Connection, int] = WeakKeyDictionary()
        self._looker: Connection | None = None

    @property
    def can_take(self) -> bool:
        """Whether a query may go there now: it is used, and need not wait for a connection."""
        return not self.trouble and self.connections.has_room

    async def begin(self, need: SnapshotNeed, least: int, begin_sql: str) -> Begun | None:
        """Begin a snapshot that has what is needed; None if it has not, or could not be looked at now.

        Whatever is to be in the snapshot is either looked at in it, or was shown before it was taken: to read how far
        the replica is in the snapshot itself would tell of what came after it.

        Args:
            need: what it must have.
            least: it must show what the primary has written up to this place (LSN).
            begin_sql: begins the transaction.

        Raises:
            DatabaseError: the replica cannot be reached, or the connection ended.
        """
        connection = await self.connections.take(may_be_in_transaction=True)
        changes: dict[str, ViewChanges] | None = None
        try:
            with reported():
                if await self._shows(connection, least):
                    left = "ROLLBACK; " if connection.is_in_transaction() else ""
                    await connection.execute(left + begin_sql)
                    changes = await self._changes(connection, need) if need.is_checked else {}
        except BaseException as error:
            is_lasting = isinstance(error, DatabaseError) and not connection.is_closed()
            await self.connections.give_back(connection, doubtful=True)
            if is_lasting:  # replay has cancelled it, for one
                return None
            raise
        if changes is None:
            self.connections.let_go(connection)
            return None
        self.snapshots += 1
        return Begun(connection, changes)

    async def look(self) -> ReplicaLook:
        """Look at it, over a connection of its own.

        Raises:
            DatabaseError: it cannot be reached, fails, or does not answer in time.
        """
        try:
            async with asyncio.timeout(LOOK_SECONDS):
                if self._looker is None or self._looker.is_closed():
                    self._looker = await connect(self._location, read_only=True)
                with reported():
                    return await look_at_replica(self._looker, self._location.schema)
        except TimeoutError:
            self._leave_off()
            message = "it does not answer in time"
            raise DatabaseError(message) from None
        except DatabaseError:
            self._leave_off()
            raise

    def cut_off(self) -> None:
        """End what runs there: it fails, and goes elsewhere."""
        self.connections.cut_off()

    async def close(self) -> None:
        """Disconnect. May be called twice."""
        looker, self._looker = self._looker, None
        if looker is not None:
            with suppress(*DRIVER_ERRORS):
                await looker.close(timeout=LOOK_SECONDS)
        await self.connections.close()

    async def _shows(self, connection: Connection, least: int) -> bool:
        # Within the life of one connection a server never shows less than before; one that begins anew may.
        if self._shown.get(connection, 0) >= least:
            return True
        if connection.is_in_transaction():
            await connection.execute("ROLLBACK")
        shown = int(await connection.fetchval(load_sql("replayed_lsn", self._location.schema)) or 0)
        if self._location.prepared_statements:  # behind a pooler it may be another session each time
            self._shown[connection] = shown
        return shown >= least

    async def _changes(self, connection: Connection, need: SnapshotNeed) -> dict[str, ViewChanges] | None:
        """Return what the views have come to in the open snapshot, or None if it lacks what is needed."""
        sql = load_sql("snapshot_state", self._location.schema)
        rows: Any = await connection.fetch(sql, need.looked_at, need.first, need.last)
        state = rows[0]
        if not state["follows"] or (need.last and (not state["has_last"] or state["is_parked"])):
            return None
        found = [tuple(row.values())[3:] for row in rows if row["subscription"] is not None]
        changes = dict(ViewChanges.of_rows(found))
        return changes if need.is_met(changes) else None

    def _leave_off(self) -> None:
        looker, self._looker = self._looker, None
        if looker is not None:
            looker.terminate()
