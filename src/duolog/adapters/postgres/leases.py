"""Leases, by the clock of the database."""

from collections.abc import Sequence

from duolog.adapters.postgres.connections import Connections
from duolog.adapters.postgres.sql_files import load_sql
from duolog.subscriptions.leases import Lease


class PostgresLeases:
    """A `Leases`. Owners may be on any number of machines: a lease ends when its time is over, or is given back.

    Args:
        connections: where connections come from.
    """

    __slots__ = ("_acquire", "_connections", "_read_all", "_release")

    def __init__(self, connections: Connections) -> None:
        self._connections = connections
        schema = connections.location.schema
        self._acquire = load_sql("acquire_lease", schema)
        self._release = load_sql("release_lease", schema)
        self._read_all = load_sql("read_leases", schema)

    async def acquire(self, subscription: str, owner: str, *, seconds: float, take_over: bool = False) -> Lease | None:
        """Take or renew the lease on a subscription; see `Leases.acquire`."""
        self._connections.refuse_if_read_only()
        row = await self._connections.fetch_row(
            self._acquire, subscription, owner, round(seconds * 1_000_000), take_over
        )
        return None if row is None else Lease(subscription, owner, row["token"], row["expires_at"])

    async def release(self, lease: Lease) -> None:
        """Give a lease back; does nothing if it is not held any more."""
        self._connections.refuse_if_read_only()
        await self._connections.fetch(self._release, lease.subscription, lease.owner, lease.token)

    async def read_all(self) -> Sequence[Lease]:
        """Return all leases, by subscription."""
        return [Lease(*row) for row in await self._connections.fetch(self._read_all)]
