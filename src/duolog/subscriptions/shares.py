"""How generations are divided into shares, and who holds them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from duolog.subscriptions.generations import Role
from duolog.subscriptions.leases import Lease
from duolog.subscriptions.members import Work
from duolog.subscriptions.share import Share


@dataclass(frozen=True, slots=True)
class HeldShare:
    """A share, and who holds it.

    Attributes:
        share: the share.
        version: version of its generation.
        role: role of its generation.
        position: where its checkpoint is.
        owner: who holds an unexpired lease on it; None if nobody does.
    """

    share: Share
    version: int
    role: Role
    position: int
    owner: str | None


@dataclass(frozen=True, slots=True)
class Survey:
    """All shares and all who work on them, as the database's clock has it.

    Attributes:
        shares: by share.
        members: who works on what, sorted.
    """

    shares: Sequence[HeldShare]
    members: Mapping[Work, Sequence[str]]


class Shares(Protocol):
    """Looks shares over, and divides them anew."""

    async def survey(self) -> Survey:
        """Return all shares, who holds them, and who is there to take them."""
        ...

    async def split(self, lease: Lease) -> tuple[Share, Share]:
        """Divide a share into two halves at its position, whose next owners go on from there; all of it or nothing.

        Args:
            lease: the right to advance the share, which becomes that of its lower half.

        Raises:
            LeaseLostError: the share is somebody else's, or has other buckets by now; nothing was changed.
            ConfigurationError: it is one bucket only.
        """
        ...

    async def merge(self, lower: Lease, upper: Lease) -> Share:
        """Make one share of two neighbours that have the same position; all of it or nothing.

        Args:
            lower: the right to advance the lower one, which becomes that of both.
            upper: the right to advance the upper one.

        Raises:
            LeaseLostError: one is somebody else's, or has other buckets by now; nothing was changed.
            ConfigurationError: they are no neighbours, or their positions differ.
        """
        ...


async def merge_all(shares: Shares, leases: Sequence[Lease]) -> None:
    """Make one share of all of a generation's; each two neighbours are merged as a whole or not at all.

    Args:
        shares: merges two.
        leases: the right to advance each, by bucket.

    Raises:
        LeaseLostError: one is somebody else's, or has other buckets by now; what was merged stays so.
        ConfigurationError: their positions differ.
    """
    lower, *others = leases
    for upper in others:
        lower = replace(lower, share=await shares.merge(lower, upper))
