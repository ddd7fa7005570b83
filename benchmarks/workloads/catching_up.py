"""How long a view takes to get to the end of the log."""

import asyncio
import time
from typing import Final

from duolog.database.port import Database

_BETWEEN_LOOKS: Final = 0.02


async def catching_up(database: Database, name: str, through: int, *, seconds: float) -> float:
    """Return the seconds from when a view begins to move until all its shares have passed a position.

    What it takes to connect and to get leases is not in it: somebody else has begun that.

    Args:
        database: an open database, only to look.
        name: the projection's name.
        through: the position.
        seconds: how long it may take.
    """
    before = await _positions(database, name)
    begin = time.perf_counter()
    async with asyncio.timeout(seconds):
        while (now := await _positions(database, name)) == before:
            begin = time.perf_counter()  # so its first page is measured as well, but for the pause between two looks
            await asyncio.sleep(_BETWEEN_LOOKS)
        while min(now) < through:
            await asyncio.sleep(_BETWEEN_LOOKS)
            now = await _positions(database, name)
    return time.perf_counter() - begin


async def _positions(database: Database, name: str) -> list[int]:
    return [each.position for each in await database.checkpoints.read(name)]
