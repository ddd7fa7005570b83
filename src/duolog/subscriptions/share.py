"""What one owner advances of a subscription: some of the log's 256 buckets, for one generation."""

from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import Final, Self

from duolog.errors import ConfigurationError
from duolog.eventstore.streams import PARTITIONS, partition_of

_LAST: Final = PARTITIONS - 1


@dataclass(frozen=True, slots=True, order=True)
class Buckets:
    """A range of the buckets into which the log's keys fall.

    Attributes:
        lo: the first one, from 0.
        hi: the last one, to 255.

    Raises:
        ConfigurationError: it is no such range.
    """

    lo: int = 0
    hi: int = _LAST

    def __post_init__(self) -> None:
        """Check the range."""
        if not 0 <= self.lo <= self.hi <= _LAST:
            message = f"{self.lo}..{self.hi} is not a range of buckets"
            raise ConfigurationError(message, hint=f"Buckets are numbered from 0 to {_LAST}.")

    @classmethod
    def parts(cls, count: int) -> tuple[Self, ...]:
        """Divide all buckets into so many ranges, whose sizes differ by one at most.

        Raises:
            ConfigurationError: ``count`` is not from 1 to 256.
        """
        if not 1 <= count <= PARTITIONS:
            message = f"a subscription cannot have {count} shares"
            raise ConfigurationError(message, hint=f"It may have 1 to {PARTITIONS}.")
        edges = [PARTITIONS * part // count for part in range(count + 1)]
        return tuple(cls(lo, end - 1) for lo, end in pairwise(edges))

    @property
    def numbers(self) -> range:
        """The buckets' numbers."""
        return range(self.lo, self.hi + 1)

    def hold(self, tenant: str, key: str) -> bool:
        """Tell whether a tenant's key is in one of them."""
        return self.lo <= partition_of(tenant, key) <= self.hi

    def halves(self) -> tuple[Self, Self]:
        """Divide it into two.

        Raises:
            ConfigurationError: it is one bucket only.
        """
        if self.lo == self.hi:
            message = f"bucket {self.lo} cannot be divided"
            raise ConfigurationError(message, hint="Everything of one key stays with one owner.")
        middle = (self.lo + self.hi) // 2
        return type(self)(self.lo, middle), type(self)(middle + 1, self.hi)

    def with_next(self, upper: Self) -> Self:
        """Return this range and the one that follows it as one.

        Raises:
            ConfigurationError: ``upper`` does not follow it.
        """
        if upper.lo != self.hi + 1:
            message = f"buckets {upper} do not follow {self}"
            raise ConfigurationError(message, hint="Only neighbours can be merged.")
        return type(self)(self.lo, upper.hi)

    def __str__(self) -> str:
        """Return it as text, like ``0..127``."""
        return f"{self.lo}..{self.hi}"


ALL_BUCKETS: Final = Buckets()


@dataclass(frozen=True, slots=True, order=True)
class Share:
    """What one owner advances: checkpoint, lease and fencing token belong to it.

    Attributes:
        subscription: the subscription's name.
        generation: number of the generation of its view, from 1.
        buckets: which keys.
    """

    subscription: str
    generation: int = 1
    buckets: Buckets = field(default=ALL_BUCKETS)

    @classmethod
    def of(cls, subscription: str, generation: int, lo: int, hi: int) -> Self:
        """Make a share of the columns that databases keep."""
        return cls(subscription, generation, Buckets(lo, hi))

    def halves(self) -> tuple[Self, Self]:
        """Divide it into two; errors as `Buckets.halves`."""
        lower, upper = self.buckets.halves()
        return replace(self, buckets=lower), replace(self, buckets=upper)

    def with_next(self, upper: Self) -> Self:
        """Return this share and the one that follows it as one.

        Raises:
            ConfigurationError: ``upper`` does not follow it.
        """
        if (self.subscription, self.generation) != (upper.subscription, upper.generation):
            message = f"{self} and {upper} are not of one view"
            raise ConfigurationError(message, hint="Only neighbours of one generation can be merged.")
        return replace(self, buckets=self.buckets.with_next(upper.buckets))

    @property
    def key(self) -> tuple[str, int, int]:
        """What checkpoints and leases are stored by."""
        return self.subscription, self.generation, self.buckets.lo

    def __str__(self) -> str:
        """Return it for people; the first generation and all buckets go without saying."""
        generation = "" if self.generation == 1 else f" generation {self.generation}"
        buckets = "" if self.buckets == ALL_BUCKETS else f" buckets {self.buckets}"
        return f"{self.subscription}{generation}{buckets}"
