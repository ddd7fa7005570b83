"""Limits of pages: refused when they are out of range, never clamped, so that no client is misled."""

from dataclasses import dataclass

from duolog.errors import LimitOutOfRangeError


@dataclass(frozen=True, slots=True)
class Limits:
    """The ranges that a limit and an offset must be in.

    Attributes:
        most: the greatest limit; the smallest is 1.
        most_offset: the greatest offset; the smallest is 0. What lies deeper is for cursors.
    """

    most: int = 200
    most_offset: int = 2**31

    def check(self, limit: int, offset: int = 0) -> None:
        """Check a limit and an offset.

        Raises:
            LimitOutOfRangeError: one of them is out of its range, or no whole number.
        """
        if not _is_within(limit, 1, self.most):
            raise LimitOutOfRangeError(name="limit", value=limit, least=1, most=self.most)
        if not _is_within(offset, 0, self.most_offset):
            raise LimitOutOfRangeError(name="offset", value=offset, least=0, most=self.most_offset)


def _is_within(value: object, least: int, most: int) -> bool:
    return isinstance(value, int) and least <= value <= most
