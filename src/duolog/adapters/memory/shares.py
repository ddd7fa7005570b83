"""Shares in memory: who holds them, splitting and merging."""

from dataclasses import replace

from duolog.adapters.memory.leases import MemoryLeases, MemoryMembers
from duolog.adapters.memory.subscriptions import MemoryCheckpoints, MemoryGenerations
from duolog.errors import ConfigurationError, LeaseLostError
from duolog.subscriptions.checkpoints import Checkpoint
from duolog.subscriptions.leases import Lease
from duolog.subscriptions.processed import NOTHING
from duolog.subscriptions.share import Share
from duolog.subscriptions.shares import HeldShare, Survey


class MemoryShares:
    """`Shares`; every call is one step.

    Args:
        generations: which there are.
        checkpoints: where shares are.
        leases: who holds them.
        members: who is there.
    """

    __slots__ = ("_checkpoints", "_generations", "_leases", "_members")

    def __init__(
        self,
        generations: MemoryGenerations,
        checkpoints: MemoryCheckpoints,
        leases: MemoryLeases,
        members: MemoryMembers,
    ) -> None:
        self._generations = generations
        self._checkpoints = checkpoints
        self._leases = leases
        self._members = members

    async def survey(self) -> Survey:
        """Return all shares, who holds them, and who is there to take them."""
        shares: list[HeldShare] = []
        for checkpoint in await self._checkpoints.read_all():
            share = checkpoint.share
            generation = self._generations.find(share.subscription, share.generation)
            if generation is not None:
                owner = self._leases.owner(share)
                shares.append(HeldShare(share, checkpoint.version, generation.role, checkpoint.position, owner))
        return Survey(shares, self._members.present())

    async def split(self, lease: Lease) -> tuple[Share, Share]:
        """Divide a share into two halves at its position; see `Shares.split`."""
        lower, upper = lease.share.halves()
        known = self._own(lease)
        self._checkpoints.end_stretch(known)
        counted_anew = replace(known, counted_after=known.position, processed=NOTHING)
        self._checkpoints.put(replace(counted_anew, share=lower, token=lease.token))
        self._checkpoints.put(replace(counted_anew, share=upper, token=self._leases.token(upper)))
        return lower, upper

    async def merge(self, lower: Lease, upper: Lease) -> Share:
        """Make one share of two neighbours that have the same position; see `Shares.merge`."""
        merged = lower.share.with_next(upper.share)
        first, second = self._own(lower), self._own(upper)
        if first.position != second.position:
            message = f"{lower.share} is at {first.position}, and {upper.share} at {second.position}"
            raise ConfigurationError(message, hint="Bring them to one position first.")
        for checkpoint in (first, second):
            self._checkpoints.end_stretch(checkpoint)
        self._checkpoints.take(upper.share)
        self._checkpoints.put(
            replace(
                first,
                share=merged,
                token=lower.token,
                changes=first.changes + second.changes,
                counted_after=first.position,
                processed=NOTHING,
            )
        )
        return merged

    def _own(self, lease: Lease) -> Checkpoint:
        known = next((each for each in self._checkpoints.of(*lease.share.key[:2]) if each.share == lease.share), None)
        if known is None or lease.token < self._checkpoints.fence(lease.share):
            message = f"{lease.share} was taken over, or divided anew, by somebody else"
            raise LeaseLostError(message, hint="Look which shares there are now, and try again.")
        return known
