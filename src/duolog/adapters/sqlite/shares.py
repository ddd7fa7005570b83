"""Shares: who holds them, splitting and merging."""

import sqlite3
import time
from typing import Final

from duolog.adapters.sqlite.checkpoints import end_stretch, read_share, share_values
from duolog.adapters.sqlite.owner_liveness import is_dead
from duolog.adapters.sqlite.readers import Readers
from duolog.adapters.sqlite.sql_files import load_sql
from duolog.adapters.sqlite.units import Action
from duolog.adapters.sqlite.writer import Writer
from duolog.errors import ConfigurationError, LeaseLostError
from duolog.subscriptions.checkpoints import Checkpoint
from duolog.subscriptions.generations import Role
from duolog.subscriptions.leases import Lease
from duolog.subscriptions.members import Work
from duolog.subscriptions.share import Share
from duolog.subscriptions.shares import HeldShare, Survey

_SHARES: Final = load_sql("survey_shares")
_MEMBERS: Final = load_sql("survey_members")
_READ_LEASE: Final = load_sql("read_lease")
_SPLIT: Final = load_sql("split_share")
_RESIZE: Final = load_sql("resize_share")
_DROP: Final = load_sql("drop_share")


class SqliteShares:
    """A `Shares`; who died on this machine holds nothing.

    Args:
        writer: divides shares, in its thread.
        readers: where connections for reading come from.
    """

    __slots__ = ("_readers", "_writer")

    def __init__(self, writer: Writer, readers: Readers) -> None:
        self._writer = writer
        self._readers = readers

    async def survey(self) -> Survey:
        """Return all shares, who holds them, and who is there to take them."""
        return await self._readers.run(_survey)

    async def split(self, lease: Lease) -> tuple[Share, Share]:
        """Divide a share into two halves at its position; see `Shares.split`."""
        lower, upper = lease.share.halves()

        def split(connection: sqlite3.Connection) -> None:
            _own(connection, lease)
            end_stretch(connection, lease.share)
            connection.execute(_SPLIT, {**share_values(lease.share), "middle": upper.buckets.lo})
            connection.execute(_RESIZE, {**share_values(lower), "token": lease.token, "changes": 0})

        await self._writer.run(Action(split))
        return lower, upper

    async def merge(self, lower: Lease, upper: Lease) -> Share:
        """Make one share of two neighbours that have the same position; see `Shares.merge`."""
        merged = lower.share.with_next(upper.share)

        def merge(connection: sqlite3.Connection) -> None:
            first, second = _own(connection, lower), _own(connection, upper)
            if first.position != second.position:
                message = f"{lower.share} is at {first.position}, and {upper.share} at {second.position}"
                raise ConfigurationError(message, hint="Bring them to one position first.")
            for each in (lower, upper):
                end_stretch(connection, each.share)
            connection.execute(_DROP, share_values(upper.share))
            connection.execute(_RESIZE, {**share_values(merged), "token": lower.token, "changes": second.changes})

        await self._writer.run(Action(merge))
        return merged


def _survey(connection: sqlite3.Connection) -> Survey:
    now = {"now": time.time_ns() // 1_000}
    rows = connection.execute(_SHARES, now).fetchall()
    there = connection.execute(_MEMBERS, now).fetchall()
    dead = {name for name in {row[7] for row in rows} | {row[0] for row in there} if name and is_dead(name)}
    shares = [
        HeldShare(Share.of(*row[:4]), row[4], Role(row[5]), row[6], None if row[7] in dead else row[7]) for row in rows
    ]
    members: dict[Work, list[str]] = {}
    for owner, subscription, version in there:
        if owner not in dead:
            members.setdefault(Work(subscription, version), []).append(owner)
    return Survey(shares, members)


def _own(connection: sqlite3.Connection, lease: Lease) -> Checkpoint:
    known = read_share(connection, lease.share)
    held = connection.execute(_READ_LEASE, share_values(lease.share)).fetchone()
    if known is None or lease.token < max(known.token, 0 if held is None else held[1]):
        message = f"{lease.share} was taken over, or divided anew, by somebody else"
        raise LeaseLostError(message, hint="Look which shares there are now, and try again.")
    return known
