"""Leases and members, by the clock of the machine: that is an embedded database's clock."""

import sqlite3
import time
from collections.abc import Collection, Sequence
from dataclasses import replace
from typing import Final

from duolog.adapters.sqlite.checkpoints import share_values
from duolog.adapters.sqlite.owner_liveness import is_dead
from duolog.adapters.sqlite.readers import Readers
from duolog.adapters.sqlite.sql_files import load_sql
from duolog.adapters.sqlite.units import Action
from duolog.adapters.sqlite.writer import Writer
from duolog.subscriptions.leases import Lease
from duolog.subscriptions.members import Work
from duolog.subscriptions.share import Share

_READ: Final = load_sql("read_lease")
_READ_ALL: Final = load_sql("read_leases")
_WRITE: Final = load_sql("write_lease")
_RENEW: Final = load_sql("renew_lease")
_RELEASE: Final = load_sql("release_lease")
_FENCE: Final = load_sql("fence_share")
_BEAT: Final = load_sql("beat")
_LEAVE: Final = load_sql("leave")
_FORGET_EXPIRED: Final = load_sql("forget_expired_members")


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

    async def acquire(self, share: Share, owner: str, *, seconds: float, take_over: bool = False) -> Lease | None:
        """Take or renew the lease on a share; see `Leases.acquire`."""
        return await self._writer.run(
            Action(lambda connection: _acquire(connection, share, owner, seconds, take_over=take_over))
        )

    async def renew(self, leases: Sequence[Lease], *, seconds: float) -> Sequence[Lease]:
        """Renew leases, in one transaction; see `Leases.renew`."""
        return await self._writer.run(Action(lambda connection: _renew(connection, leases, seconds)))

    async def release(self, lease: Lease) -> None:
        """Give a lease back; does nothing if it is not held any more."""
        await self._writer.run(Action(lambda connection: _release(connection, lease)))

    async def read_all(self) -> Sequence[Lease]:
        """Return all leases, by share."""
        rows = await self._readers.run(lambda connection: connection.execute(_READ_ALL).fetchall())
        return [Lease(Share.of(*row[:4]), *row[4:]) for row in rows]


class SqliteMembers:
    """A `Members`.

    Args:
        writer: writes, in its thread.
    """

    __slots__ = ("_writer",)

    def __init__(self, writer: Writer) -> None:
        self._writer = writer

    async def beat(self, owner: str, work: Collection[Work], *, seconds: float) -> None:
        """Say that a process is there, in one transaction; see `Members.beat`."""

        def beat(connection: sqlite3.Connection) -> None:
            now = _now()
            connection.execute(_FORGET_EXPIRED, {"now": now})
            connection.execute(_LEAVE, {"owner": owner})
            expires_at = now + round(seconds * 1_000_000)
            connection.executemany(_BEAT, [(owner, each.subscription, each.version, expires_at) for each in work])

        await self._writer.run(Action(beat))

    async def leave(self, owner: str) -> None:
        """Say that a process goes; does nothing if it is not there."""

        def leave(connection: sqlite3.Connection) -> None:
            connection.execute(_LEAVE, {"owner": owner})

        await self._writer.run(Action(leave))


def _acquire(
    connection: sqlite3.Connection, share: Share, owner: str, seconds: float, *, take_over: bool
) -> Lease | None:
    now = _now()
    values = share_values(share)
    row = connection.execute(_READ, values).fetchone()
    token = 1
    if row is not None:
        holder, held_token, expires_at = row
        is_held = bool(holder) and expires_at > now
        if is_held and holder != owner and not take_over and not is_dead(holder):
            return None
        token = held_token if is_held and holder == owner else held_token + 1
    lease = Lease(share, owner, token, now + round(seconds * 1_000_000))
    connection.execute(_WRITE, {**values, "owner": owner, "token": token, "expires_at": lease.expires_at})
    # The checkpoint carries the token too, so that a former owner's compare-and-set fails.
    connection.execute(_FENCE, {**values, "token": token})
    return lease


def _renew(connection: sqlite3.Connection, leases: Sequence[Lease], seconds: float) -> list[Lease]:
    now = _now()
    renewed: list[Lease] = []
    for lease in leases:
        later = replace(lease, expires_at=now + round(seconds * 1_000_000))
        values = {"owner": lease.owner, "token": lease.token, "expires_at": later.expires_at, "now": now}
        if connection.execute(_RENEW, {**share_values(lease.share), **values}).rowcount:
            renewed.append(later)
    return renewed


def _release(connection: sqlite3.Connection, lease: Lease) -> None:
    connection.execute(_RELEASE, {**share_values(lease.share), "owner": lease.owner, "token": lease.token})


def _now() -> int:
    return time.time_ns() // 1_000
