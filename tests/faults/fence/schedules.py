"""All schedules of three appenders and a reader, up to what no one of them can tell apart.

An appender takes the fence, draws a position, inserts, and ends. The reader looks at the fence in four steps: the last
drawn position, the holders, what is visible, the page; later it looks once more. Between two of the reader's steps
there is a slot; an appender's step is done in one of the slots, and its steps in order.

Many schedules cannot be told apart: steps of different appenders commute, but for the order of their draws; a draw
commutes with all of the reader's steps but those that read the last drawn position, taking the fence with all but
those that read the holders, an end with all but those that read the holders or what is visible. Of each class of
schedules that differ by such exchanges only (a Mazurkiewicz trace), one is made. Appenders are alike, so they are
numbered in the order of their draws.
"""

import itertools
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import Enum

APPENDERS = 3


class Read(Enum):
    """A step of the reader; the slot of the same number is right before it."""

    LAST_DRAWN = 0
    HOLDERS = 1
    VISIBLE = 2
    PAGE = 3
    SECOND_LOOK = 4


LAST_SLOT = 5  # after the second look


class End(Enum):
    """How an appender's transaction ends."""

    COMMIT = "commit"
    ROLL_BACK = "roll back"
    CRASH = "crash"
    PREPARE = "prepare"


@dataclass(frozen=True, slots=True, order=True)
class Times:
    """The slots in which one appender does its steps; it inserts when it has drawn.

    Attributes:
        fence: when it takes the fence.
        draw: when it draws a position.
        end: when its transaction ends.
    """

    fence: int
    draw: int
    end: int

    @property
    def seen(self) -> tuple[int, int, int]:
        """What of these times the reader can tell: between which of its steps that do not commute with it each is."""
        return (
            _after(self.fence, Read.HOLDERS, Read.SECOND_LOOK),
            _after(self.draw, Read.LAST_DRAWN, Read.SECOND_LOOK),
            _after(self.end, Read.HOLDERS, Read.VISIBLE, Read.PAGE, Read.SECOND_LOOK),
        )


@dataclass(frozen=True, slots=True)
class Schedule:
    """One schedule.

    Attributes:
        times: of each appender, in the order of their draws.
        ends: how each of them ends.
    """

    times: Sequence[Times]
    ends: Sequence[End]

    def __str__(self) -> str:
        """Tell it in a line."""
        parts = zip(self.times, self.ends, strict=True)
        return "; ".join(f"fence {t.fence} draw {t.draw} {end.value} {t.end}" for t, end in parts)


def all_times() -> Sequence[tuple[Times, ...]]:
    """Return the times of three appenders, one of each class that can be told apart."""
    slots = range(LAST_SLOT + 1)
    one = [Times(*each) for each in itertools.combinations_with_replacement(slots, 3)]
    classes: dict[tuple[tuple[int, int, int], ...], tuple[Times, ...]] = {}
    for times in itertools.product(one, repeat=APPENDERS):
        if all(first.draw <= second.draw for first, second in itertools.pairwise(times)):
            classes.setdefault(tuple(each.seen for each in times), times)
    return list(classes.values())


def all_schedules(chance: random.Random) -> Iterator[Schedule]:
    """Yield every schedule; a crash and a roll-back look alike to a reader, so chance decides between them."""
    for times in all_times():
        for ends in itertools.product((End.COMMIT, End.PREPARE, End.ROLL_BACK), repeat=APPENDERS):
            yield Schedule(times, [_or_crash(end, chance) for end in ends])


def _or_crash(end: End, chance: random.Random) -> End:
    return End.CRASH if end is End.ROLL_BACK and chance.random() < 0.5 else end


def _after(slot: int, *reads: Read) -> int:
    return sum(slot > read.value for read in reads)
