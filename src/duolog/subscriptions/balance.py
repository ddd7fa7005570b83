"""Dividing a subscription's shares among those who work on it, without anybody who decides for all.

Each member looks at the same survey and does its own part. Where there are s shares and m members, balanced is: nobody
holds less than s // m or more than one above that. A member gives up what it holds above its part once somebody else
lacks it, and takes what is free up to its part; every step of anybody brings the counts nearer to each other, so that
it ends, and nothing is moved that need not be.
"""

import zlib
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from duolog.subscriptions.share import Share
from duolog.subscriptions.shares import HeldShare


@dataclass(frozen=True, slots=True)
class Part:
    """What one member is to do now.

    Attributes:
        take: free shares to try, in this order; others may be faster.
        most: stop when so many of them were got.
        release: shares to give up once their running page has ended.
    """

    take: Sequence[Share]
    most: int
    release: Sequence[Share]


def part_of(owner: str, shares: Sequence[HeldShare], members: Collection[str]) -> Part:
    """Return what a member is to do.

    Args:
        owner: the member.
        shares: all shares of what is divided, and who holds them.
        members: who works on it; the owner itself counts in any case.
    """
    there = {owner, *members}
    least, extra = divmod(len(shares), len(there))
    held = Counter(each.owner for each in shares if each.owner in there)
    mine = sorted((each.share for each in shares if each.owner == owner), key=lambda share: _rank(owner, share))
    above = sorted((each for each in there if held[each] > least), key=lambda each: _rank(each, shares[0].share))
    surplus = len(mine) - least - (1 if extra else 0)
    if surplus <= 0 and len(mine) > least and owner in above[extra:]:
        surplus = 1  # others hold one above the least as well, and more of them than can
    if surplus > 0:
        return Part((), 0, mine[len(mine) - surplus :])
    room = max(least - len(mine), 0) + (1 if len(mine) <= least and len(above) < extra else 0)
    free = sorted((each.share for each in shares if each.owner is None), key=lambda share: _rank(owner, share))
    return Part(free, room, ())


def _rank(owner: str, share: Share) -> tuple[int, str]:
    # Another order for each owner, so that members do not try the same share, and for each subscription, so that the
    # shares above the least do not all come to one member.
    return zlib.crc32(f"{owner}\x1f{share}".encode()), owner
