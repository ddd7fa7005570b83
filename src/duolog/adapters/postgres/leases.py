"""Leases and members, by the clock of the database."""

from collections.abc import Collection, Sequence
from dataclasses import replace

from duolog.adapters.postgres.checkpoints import share_columns
from duolog.adapters.postgres.connections import Connections
from duolog.adapters.postgres.sql_files import load_sql
from duolog.subscriptions.leases import Lease
from duolog.subscriptions.members import Work
from duolog.subscriptions.share import Share


class PostgresLeases:
    """A `Leases`. Owners may be on any number of machines: a lease ends when its time is over, or is given back.

    Args:
        connections: where connections come from.
    """

    __slots__ = ("_connections", "_schema")

    def __init__(self, connections: Connections) -> None:
        self._connections = connections
        self._schema = connections.location.schema

    async def acquire(self, share: Share, owner: str, *, seconds: float, take_over: bool = False) -> Lease | None:
        """Take or renew the lease on a share; see `Leases.acquire`.

        Where an owner stands still in a page, and its lease has expired, its session is ended: it is free soon.
        """
        self._connections.refuse_if_read_only()
        sql = load_sql("acquire_lease", self._schema)
        row = await self._connections.fetch_row(
            sql, *share_columns(share), owner, round(seconds * 1_000_000), take_over
        )
        if row is None:
            await self._connections.fetch(load_sql("end_stopped_owner", self._schema), *share.key)
            return None
        return Lease(share, owner, row["token"], row["expires_at"])

    async def renew(self, leases: Sequence[Lease], *, seconds: float) -> Sequence[Lease]:
        """Renew leases, in one statement; see `Leases.renew`."""
        self._connections.refuse_if_read_only()
        rows = await self._connections.fetch(
            load_sql("renew_leases", self._schema),
            [lease.share.subscription for lease in leases],
            [lease.share.generation for lease in leases],
            [lease.share.buckets.lo for lease in leases],
            [lease.owner for lease in leases],
            [lease.token for lease in leases],
            round(seconds * 1_000_000),
        )
        until = {(name, generation, lo): expires_at for name, generation, lo, expires_at in rows}
        return [replace(each, expires_at=until[each.share.key]) for each in leases if each.share.key in until]

    async def release(self, lease: Lease) -> None:
        """Give a lease back; does nothing if it is not held any more."""
        self._connections.refuse_if_read_only()
        sql = load_sql("release_lease", self._schema)
        await self._connections.fetch(sql, *lease.share.key, lease.owner, lease.token)

    async def read_all(self) -> Sequence[Lease]:
        """Return all leases, by share."""
        rows = await self._connections.fetch(load_sql("read_leases", self._schema))
        return [
            Lease(Share.of(name, generation, lo, hi), owner, token, expires_at)
            for name, generation, lo, hi, owner, token, expires_at in rows
        ]


class PostgresMembers:
    """A `Members`.

    Args:
        connections: where connections come from.
    """

    __slots__ = ("_connections", "_schema")

    def __init__(self, connections: Connections) -> None:
        self._connections = connections
        self._schema = connections.location.schema

    async def beat(self, owner: str, work: Collection[Work], *, seconds: float) -> None:
        """Say that a process is there; see `Members.beat`."""
        self._connections.refuse_if_read_only()
        await self._connections.fetch(
            load_sql("beat", self._schema),
            owner,
            [each.subscription for each in work],
            [each.version for each in work],
            round(seconds * 1_000_000),
        )

    async def leave(self, owner: str) -> None:
        """Say that a process goes; does nothing if it is not there."""
        self._connections.refuse_if_read_only()
        await self._connections.fetch(load_sql("leave", self._schema), owner)
