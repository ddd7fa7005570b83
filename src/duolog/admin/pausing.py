"""Pausing projections, and letting them go on."""

import asyncio
import time
from typing import Final

from duolog.admin.forgetting import known_projection
from duolog.admin.projection_status import ProjectionStatus
from duolog.database.port import Database
from duolog.errors import ConfigurationError

LONGEST_PAGE: Final = 10.0
_BETWEEN_LOOKS: Final = 0.05


async def pause_projection(
    database: Database, name: str, *, by: str, seconds: float = LONGEST_PAGE
) -> tuple[ProjectionStatus, bool]:
    """Pause a projection, and wait until those who advance it have ended their pages and given it up.

    Args:
        database: an open database.
        name: the projection's name.
        by: who does it.
        seconds: how long to wait.

    Returns:
        Where it stands, and whether nobody advances it any more.

    Raises:
        ConfigurationError: none of that name has run on it, or it is an inline projection.
        DatabaseError: the database failed.
    """
    if (await known_projection(database, name)).inline:
        message = f"{name!r} is an inline projection, which is written by whoever appends"
        raise ConfigurationError(message, hint="It cannot be paused: stop the processes that append its events.")
    await database.pauses.pause(name, by=by)
    end = time.monotonic() + seconds
    while held := await _is_held(database, name):
        if time.monotonic() > end:
            break
        await asyncio.sleep(_BETWEEN_LOOKS)
    return await known_projection(database, name), not held


async def resume_projection(database: Database, name: str) -> bool:
    """Let a projection go on; tell whether it was paused.

    Raises:
        DatabaseError: the database failed.
    """
    was_paused = name in await database.pauses.read()
    await database.pauses.resume(name)
    return was_paused


async def _is_held(database: Database, name: str) -> bool:
    survey = await database.shares.survey()
    return any(each.owner is not None for each in survey.shares if each.share.subscription == name)
