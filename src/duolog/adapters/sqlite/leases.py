"""Leases, by the clock of the machine: that is an embedded database's clock."""

import sqlite3
import time
from collections.abc import Sequence
from typing import Final

from duolog.adapters.sqlite.owner_liveness import is_dead
from duolog.adapters.sqlite.readers import Readers
from duolog.adapters.sqlite.sql_files import load_sql
from duolog.adapters.sqlite.units import Action
from duolog.adapters.sqlite.writer import Writer
from duolog.subscriptions.leases import Lease

_READ: Final = load_sql("read_lease")
_READ_ALL: Final = load_sql("read_leases")
_WRITE: Final = load_sql("write_lease")
_RELEASE: Final = load_sql("release_lease")
_FENCE: Final = load_sql("fence_checkpoint")


class SqliteLeases:
    """A `Leases`; the lease of a process that died on this machine counts as expired.

    Args:
        writer: gives leases out, in its thread.
        readers: where connections for reading come from.
    """

    __slots__ = ("_readers", "_writer")

    def __init__(self, writer: Writer, readers: Readers) -> None:
        self._writer = writer
        self._readers = readers

    async def acquire(self, subscription: str, owner: str, *, seconds: float, take_over: bool = False) -> Lease | None:
        """Take or renew the lease on a subscription; see `Leases.acquire`."""
        return await self._writer.run(
            Action(lambda connection: _acquire(connection, subscription, owner, seconds, take_over=take_over))
        )

    async def release(self, lease: Lease) -> None:
        """Give a lease back; does nothing if it is not held any more."""
        await self._writer.run(Action(lambda connection: _release(connection, lease)))

    async def read_all(self) -> Sequence[Lease]:
        """Return all leases, by subscription."""
        rows = await self._readers.run(lambda connection: connection.execute(_READ_ALL).fetchall())
        return [Lease(*row) for row in rows]


def _acquire(
    connection: sqlite3.Connection, subscription: str, owner: str, seconds: float, *, take_over: bool
) -> Lease | None:
    now = time.time_ns() // 1_000
    row = connection.execute(_READ, {"subscription": subscription}).fetchone()
    token = 1
    if row is not None:
        holder, held_token, expires_at = row
        is_held = bool(holder) and expires_at > now
        if is_held and holder != owner and not take_over and not is_dead(holder):
            return None
        token = held_token if is_held and holder == owner else held_token + 1
    lease = Lease(subscription, owner, token, now + round(seconds * 1_000_000))
    connection.execute(
        _WRITE, {"subscription": subscription, "owner": owner, "token": token, "expires_at": lease.expires_at}
    )
    # The checkpoint carries the token too, so that a former owner's compare-and-set fails.
    connection.execute(_FENCE, {"subscription": subscription, "token": token})
    return lease


def _release(connection: sqlite3.Connection, lease: Lease) -> None:
    values = {"subscription": lease.subscription, "owner": lease.owner, "token": lease.token}
    connection.execute(_RELEASE, values)
