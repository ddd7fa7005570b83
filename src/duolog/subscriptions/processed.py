"""Count and digest of the positions that a share has processed, by which an audit compares it with the log."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Self

from duolog.subscriptions.share import Share

MODULUS: Final = 2**62
"""Digests are added modulo this, so that a sum of two fits into the databases' signed 64 bits."""

STRETCH: Final = 65_536
"""So many positions of the log are counted together: as exactly the place is known where a count differs."""

_MASK: Final = 2**64 - 1


@dataclass(frozen=True, slots=True)
class Processed:
    """How many positions were processed, and which ones, in whatever order and however they are added up.

    The digest is the sum of the positions' images under SplitMix64's mixing function (Steele, Lea, Flood: Fast
    Splittable Pseudorandom Number Generators, 2014): one position left out, added or doubled changes it.

    Attributes:
        count: how many.
        digest: 0 to 2**62 - 1.
    """

    count: int = 0
    digest: int = 0

    @classmethod
    def of(cls, positions: Iterable[int]) -> Self:
        """Count positions."""
        count = digest = 0
        for position in positions:
            mixed = (position * 0x9E3779B97F4A7C15) & _MASK
            mixed = ((mixed ^ (mixed >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
            mixed = ((mixed ^ (mixed >> 27)) * 0x94D049BB133111EB) & _MASK
            digest += mixed ^ (mixed >> 31)
            count += 1
        return cls(count, digest % MODULUS)

    def __add__(self, other: "Processed") -> "Processed":
        """Return both together."""
        return Processed(self.count + other.count, (self.digest + other.digest) % MODULUS)


NOTHING: Final = Processed()


@dataclass(frozen=True, slots=True)
class Stretch:
    """What a share has processed of one stretch of the log.

    Attributes:
        share: the share, as it was divided then.
        after: the stretch begins above this position.
        through: and ends with this one.
        processed: count and digest.
    """

    share: Share
    after: int
    through: int
    processed: Processed
