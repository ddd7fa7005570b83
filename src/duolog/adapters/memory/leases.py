"""Leases and members, in dicts, by the database's clock."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

from duolog.adapters.memory.clock import DatabaseClock
from duolog.subscriptions.leases import Lease
from duolog.subscriptions.members import Work
from duolog.subscriptions.share import Share


class MemoryLeases:
    """`Leases` by the database's clock.

    Args:
        clock: the database's clock.
    """

    __slots__ = ("_clock", "_held", "_tokens")

    def __init__(self, clock: DatabaseClock) -> None:
        self._clock = clock
        self._held: dict[tuple[str, int, int], Lease] = {}
        self._tokens: Counter[tuple[str, int, int]] = Counter()

    async def acquire(self, share: Share, owner: str, *, seconds: float, take_over: bool = False) -> Lease | None:
        """Take or renew the lease on a share; see `Leases.acquire`."""
        now = self._clock.now()
        held = self._held.get(share.key)
        if held is None or held.expires_at <= now or (take_over and held.owner != owner):
            self._tokens[share.key] += 1
        elif held.owner != owner:
            return None
        lease = Lease(share, owner, self._tokens[share.key], now + round(seconds * 1_000_000))
        self._held[share.key] = lease
        return lease

    async def renew(self, leases: Sequence[Lease], *, seconds: float) -> Sequence[Lease]:
        """Renew leases; see `Leases.renew`."""
        now = self._clock.now()
        renewed: list[Lease] = []
        for lease in leases:
            held = self._held.get(lease.share.key)
            if held is not None and (held.owner, held.token) == (lease.owner, lease.token) and held.expires_at > now:
                renewed.append(replace(lease, expires_at=now + round(seconds * 1_000_000)))
                self._held[lease.share.key] = renewed[-1]
        return renewed

    async def release(self, lease: Lease) -> None:
        """Give a lease back; does nothing if it is not held any more."""
        held = self._held.get(lease.share.key)
        if held is not None and held.token == lease.token:
            del self._held[lease.share.key]

    def fence_off(self, share: Share) -> None:
        """Take a share from its owner, whose next commit or renewal fails."""
        self._tokens[share.key] += 1
        self._held.pop(share.key, None)

    async def read_all(self) -> Sequence[Lease]:
        """Return all leases, by share."""
        return [self._held[key] for key in sorted(self._held)]

    def token(self, share: Share) -> int:
        """Return the token of the last owner; 0 if there was none."""
        return self._tokens[share.key]

    def greatest_generation(self, subscription: str) -> int:
        """Return the greatest number of a generation that was ever leased; 0 if none was."""
        return max((key[1] for key in self._tokens if key[0] == subscription), default=0)

    def owner(self, share: Share) -> str | None:
        """Return who holds an unexpired lease on a share; None if nobody does."""
        held = self._held.get(share.key)
        return held.owner if held is not None and held.expires_at > self._clock.now() else None


class MemoryMembers:
    """`Members` by the database's clock.

    Args:
        clock: the database's clock.
    """

    __slots__ = ("_clock", "_there")

    def __init__(self, clock: DatabaseClock) -> None:
        self._clock = clock
        self._there: dict[str, tuple[int, frozenset[Work]]] = {}

    async def beat(self, owner: str, work: Collection[Work], *, seconds: float) -> None:
        """Say that a process is there; see `Members.beat`."""
        self._there[owner] = self._clock.now() + round(seconds * 1_000_000), frozenset(work)

    async def leave(self, owner: str) -> None:
        """Say that a process goes; does nothing if it is not there."""
        self._there.pop(owner, None)

    def present(self) -> Mapping[Work, Sequence[str]]:
        """Return who is there, by what they work on."""
        now = self._clock.now()
        present: dict[Work, list[str]] = {}
        for owner, (expires_at, work) in sorted(self._there.items()):
            if expires_at > now:
                for each in work:
                    present.setdefault(each, []).append(owner)
        return present
