"""Shares: who holds them, splitting and merging."""

from duolog.adapters.postgres.checkpoints import checkpoint_of, end_stretch, share_columns
from duolog.adapters.postgres.connecting import Connection
from duolog.adapters.postgres.connections import Connections
from duolog.adapters.postgres.sql_files import load_sql
from duolog.errors import ConfigurationError, LeaseLostError
from duolog.subscriptions.checkpoints import Checkpoint
from duolog.subscriptions.generations import Role
from duolog.subscriptions.leases import Lease
from duolog.subscriptions.members import Work
from duolog.subscriptions.share import Share
from duolog.subscriptions.shares import HeldShare, Survey


class PostgresShares:
    """A `Shares`.

    Args:
        connections: where connections come from.
    """

    __slots__ = ("_connections", "_schema")

    def __init__(self, connections: Connections) -> None:
        self._connections = connections
        self._schema = connections.location.schema

    async def survey(self) -> Survey:
        """Return all shares, who holds them, and who is there to take them."""
        async with self._connections.use() as connection:
            rows = await connection.fetch(load_sql("survey_shares", self._schema))
            there = await connection.fetch(load_sql("survey_members", self._schema))
        members: dict[Work, list[str]] = {}
        for owner, subscription, version in there:
            members.setdefault(Work(subscription, version), []).append(owner)
        shares = [
            HeldShare(Share.of(name, generation, lo, hi), version, Role(role), position, owner)
            for name, generation, lo, hi, version, role, position, owner in rows
        ]
        return Survey(shares, members)

    async def split(self, lease: Lease) -> tuple[Share, Share]:
        """Divide a share into two halves at its position; see `Shares.split`."""
        lower, upper = lease.share.halves()
        async with self._connections.transaction() as connection:
            known = await self._own(connection, lease)
            await end_stretch(connection, self._schema, lease.share, known.position)
            await connection.execute(load_sql("split_share", self._schema), *lease.share.key, upper.buckets.lo)
            await self._resize(connection, lower, lease.token, 0)
        return lower, upper

    async def merge(self, lower: Lease, upper: Lease) -> Share:
        """Make one share of two neighbours that have the same position; see `Shares.merge`."""
        merged = lower.share.with_next(upper.share)
        async with self._connections.transaction() as connection:
            first, second = await self._own(connection, lower), await self._own(connection, upper)
            if first.position != second.position:
                message = f"{lower.share} is at {first.position}, and {upper.share} at {second.position}"
                raise ConfigurationError(message, hint="Bring them to one position first.")
            for each in (first, second):
                await end_stretch(connection, self._schema, each.share, each.position)
            await connection.execute(load_sql("drop_share", self._schema), *upper.share.key)
            await self._resize(connection, merged, lower.token, second.changes)
        return merged

    async def _own(self, connection: Connection, lease: Lease) -> Checkpoint:
        await connection.fetch(load_sql("lock_checkpoint", self._schema), *lease.share.key)
        row = await connection.fetchrow(load_sql("read_checkpoint", self._schema), *share_columns(lease.share))
        fence = await connection.fetchval(load_sql("read_fence", self._schema), *lease.share.key)
        if row is None or lease.token < fence:
            message = f"{lease.share} was taken over, or divided anew, by somebody else"
            raise LeaseLostError(message, hint="Look which shares there are now, and try again.")
        return checkpoint_of(row)

    async def _resize(self, connection: Connection, share: Share, token: int, changes: int) -> None:
        sql = load_sql("resize_share", self._schema)
        await connection.execute(sql, *share_columns(share), token, changes)
