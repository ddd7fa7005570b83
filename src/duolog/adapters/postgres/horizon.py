"""The settled horizon: the position up to which every position is filled or never will be.

The proof is in docs/explanation/the-fence.md. In short: whoever draws a position holds the fence's lock from before the
draw until after its commit is visible. So if the last drawn position is read first and the holders of the lock second,
then everything up to that position is decided as soon as none of those holders is left.
"""

import asyncio
import time
from collections import deque
from dataclasses import dataclass
from typing import Any, Final

from duolog.adapters.postgres.connections import Connections
from duolog.adapters.postgres.sql_files import load_sql
from duolog.errors import DatabaseError

STORE_SECONDS: Final = 1.0
MOST_BARRIERS: Final = 16


@dataclass(slots=True)
class Barrier:
    """A position that is settled once its holders are gone.

    Attributes:
        drawn: the last position that had been drawn.
        holders: the transactions that were inside the fence after that, and have been ever since.
    """

    drawn: int
    holders: frozenset[str]


class Barriers:
    """The barriers that wait, oldest first: what one look at the fence tells, put together with the looks before.

    Several wait at once, so that under a steady load, in which somebody is always inside, each look settles what the
    last looks began.
    """

    __slots__ = ("_era", "_waiting")

    def __init__(self) -> None:
        self._era = ""
        self._waiting: deque[Barrier] = deque()

    @property
    def is_clear(self) -> bool:
        """Whether nobody was inside at the last look."""
        return not self._waiting

    def settle(self, *, drawn: int, holders: frozenset[str], top: int, era: str) -> int:
        """Take in one look, and return the position that is settled now; 0 if none is that was not before.

        Args:
            drawn: the last drawn position, read first.
            holders: who was inside the fence, read second.
            top: the greatest visible position, read third. What is settled ends there: a crash may take back the
                draws above it, which no durable commit has followed, and they would be drawn again.
            era: changes with every crash of the server, after which a virtual transaction id may belong to another
                transaction and positions may be drawn again.
        """
        if era != self._era:
            self._waiting.clear()
            self._era = era
        settled = 0
        for barrier in self._waiting:
            barrier.holders &= holders
        while self._waiting and not self._waiting[0].holders:
            settled = self._waiting.popleft().drawn
        if not holders:
            self._waiting.clear()
            settled = drawn
        elif len(self._waiting) < MOST_BARRIERS and (not self._waiting or self._waiting[-1].drawn < drawn):
            self._waiting.append(Barrier(drawn, holders))
        return min(settled, top)


class Horizon:
    """How far the log is settled, as this process knows; it only rises.

    Args:
        connections: where to look.
        read_only: do not store it.
    """

    __slots__ = (
        "_asked", "_barriers", "_connections", "_done", "_lock", "_look", "_looked_at", "_position", "_raise",
        "_read_only", "_stored", "_stored_at", "_timeline",
    )  # fmt: skip

    def __init__(self, connections: Connections, *, read_only: bool = False) -> None:
        schema = connections.location.schema
        self._connections = connections
        self._read_only = read_only
        self._look = load_sql("look_at_fence", schema)
        self._raise = load_sql("raise_horizon", schema)
        self._barriers = Barriers()
        self._position = self._stored = 0
        self._timeline = ""
        self._lock = asyncio.Lock()
        self._asked = self._done = 0  # numbers of the last look that began, and of the last that succeeded
        self._looked_at = self._stored_at = 0.0

    @property
    def position(self) -> int:
        """Everything up to here is settled."""
        return self._position

    @property
    def is_clear(self) -> bool:
        """Whether nobody was writing at the last look."""
        return self._barriers.is_clear

    def start(self, *, stored: int, timeline: str) -> None:
        """Begin with a stored horizon of a log on this timeline of the server."""
        self._position = self._stored = stored
        self._timeline = timeline

    async def look(self) -> int:
        """Look at the fence, and return the horizon. Whoever asks while somebody looks shares the next look.

        Raises:
            DatabaseError: the database failed, or another server has taken over.
        """
        before = self._asked
        async with self._lock:
            if self._done <= before:
                self._asked += 1
                number = self._asked
                await self._look_once()
                self._done = number
        return self._position

    async def recent(self, seconds: float) -> int:
        """Return the horizon as it was ``seconds`` ago or later; errors as `look`."""
        if time.monotonic() - self._looked_at <= seconds:
            return self._position
        return await self.look()

    async def _look_once(self) -> None:
        async with self._connections.use() as connection:
            began = time.monotonic()
            row: Any = await connection.fetchrow(self._look, self._position)
            self._check(row["timeline"])
            settled = self._barriers.settle(
                drawn=row["drawn"], holders=frozenset(row["holders"]), top=row["top"], era=row["era"]
            )
            self._position = max(self._position, settled, row["run"])
            self._looked_at = began
            if self._is_worth_storing(began):
                self._stored, self._stored_at = self._position, began
                await connection.execute(self._raise, self._position)

    def _is_worth_storing(self, now: float) -> bool:
        return not self._read_only and self._position > self._stored and now - self._stored_at >= STORE_SECONDS

    def _check(self, timeline: str) -> None:
        if timeline != self._timeline:
            message = "another server has taken over the log; it may lack events that were read before"
            hint = "Start again: what was derived from lost events must be built anew."
            raise DatabaseError(message, hint=hint)
