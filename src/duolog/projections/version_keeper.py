"""Keeping each projection's live view at the code's version, beside whatever other releases run.

The rule: a process works on every generation whose version is its code's. Where the live view is of a lower version,
one of the code's is built beside it, and takes its place when it has caught up. So the releases of a rolling deploy
each have their own generation, and queries always have a view. The live view never goes back to a lower version by
itself: a switch goes only from a shadow to a greater generation number.
"""

import asyncio
import logging
import random
from collections.abc import Sequence
from typing import Final

from duolog.errors import DatabaseBusyError, DuologError, GenerationGoneError, SwitchRefusedError, ViewBehindError
from duolog.projections.materialized_view import MaterializedView, ViewClass
from duolog.projections.views import ViewGenerations
from duolog.subscriptions.failure import error_text
from duolog.subscriptions.generations import Generation, Role, live_of
from duolog.subscriptions.source import SubscriptionSource

_LOOK_SECONDS: Final = 5.0
_SOON_SECONDS: Final = 0.1
_LATER_SECONDS: Final = 2.0
NEAR: Final = 2_000
"""So many positions may a loaded generation be behind the live one when its indexes are made."""

_logger: Final = logging.getLogger("duolog.projections")


class VersionKeeper:
    """Builds what the code's version needs beside live views of lower ones, and drops what has had its time.

    Any number of processes may do so at once; whoever comes second finds it done.

    Args:
        projections: the classes of projections and materialized views.
        generations: makes, switches and drops generations.
        source: tells which there are and where they are.
        keep_seconds: how long a previous generation is kept.
    """

    def __init__(
        self,
        projections: Sequence[ViewClass],
        generations: ViewGenerations,
        source: SubscriptionSource,
        *,
        keep_seconds: float,
    ) -> None:
        self._projections = tuple(projections)
        self._generations = generations
        self._source = source
        self._keep_seconds = keep_seconds
        self._finished: set[tuple[str, int]] = set()
        self._told: dict[str, str] = {}
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Begin what has to be built, and go on in the background.

        Raises:
            StatementError: the DDL of a view is wrong.
            DatabaseError: the database failed.
        """
        for projection in self._projections:
            # The select of a materialized view may be written for views that are being built just now.
            if not issubclass(projection, MaterializedView):
                await self._begin(projection, await self._source.generations.read(projection.name))
        self._task = asyncio.create_task(self._run(), name="versions of views")

    async def stop(self) -> None:
        """Stop. May be called twice, and without `start`."""
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            await asyncio.wait({task})

    async def settled(self) -> None:
        """Wait, without a limit, until no live view is of a lower version than the code."""
        for projection in self._projections:
            while True:
                live = live_of(await self._source.generations.read(projection.name))
                if live is None or live.version >= projection.version:
                    break
                await asyncio.sleep(_SOON_SECONDS / 4)

    async def _run(self) -> None:
        while True:
            pauses = [await self._look_at(projection) for projection in self._projections]
            pause = min(pauses, default=_LOOK_SECONDS)
            await asyncio.sleep(pause * random.uniform(0.75, 1.25))  # noqa: S311 - jitter keeps no secret

    async def _look_at(self, projection: ViewClass) -> float:
        """Do what is due for a projection; return after how many seconds to look again."""
        try:
            is_done = await self._look(projection)
        except ViewBehindError:
            return _SOON_SECONDS  # for a moment: both go on
        except Exception as error:  # noqa: BLE001 - a keeper that dies silently would leave an old view for good
            self._tell(projection, error)
            return _LATER_SECONDS
        return _LOOK_SECONDS if is_done else _SOON_SECONDS

    async def _look(self, projection: ViewClass) -> bool:
        """Do what is due for a projection; tell whether nothing is left to do."""
        there = await self._source.generations.read(projection.name)
        live = live_of(there)
        if live is None or live.version >= projection.version:
            if live is not None and live.version == projection.version:
                await self._drop_outlived(projection)
            return True
        own = await self._begin(projection, there)
        if own is None or own.role is not Role.SHADOW:
            return True  # somebody went back to the live one, on purpose
        if not await self._is_near(live, own):
            return False
        if (own.subscription, own.number) not in self._finished:
            await self._generations.finish_load(projection, own.number)
            self._finished.add((own.subscription, own.number))
        await self._generations.switch(projection, own.number)
        _logger.info("view %s is at version %d now (generation %d)", projection.name, own.version, own.number)
        return True

    async def _begin(self, projection: ViewClass, there: Sequence[Generation]) -> Generation | None:
        """Return the generation of the code's version that is to take the live one's place; it is made if missing."""
        live = live_of(there)
        if live is None or live.version >= projection.version:
            if live is not None and live.version > projection.version:
                self._tell_newer(projection, live, there)
            return None
        own = [each for each in there if each.version == projection.version and each.number > live.number]
        if own:
            return own[-1]
        shadow = await self._generations.create_shadow(projection)
        _logger.info(
            "view %s of version %d is built beside version %d", live.subscription, shadow.version, live.version
        )
        return shadow

    async def _is_near(self, live: Generation, own: Generation) -> bool:
        positions: dict[int, list[int]] = {}
        for each in (await self._source.shares.survey()).shares:
            if each.share.subscription == live.subscription:
                positions.setdefault(each.share.generation, []).append(each.position)
        ours, theirs = positions.get(own.number), positions.get(live.number)
        return ours is not None and theirs is not None and min(ours) >= max(theirs) - NEAR

    async def _drop_outlived(self, projection: ViewClass) -> None:
        for each in await self._source.generations.outlived(projection.name, seconds=self._keep_seconds):
            await self._generations.drop(projection, each.number)
            _logger.info("view %s: generation %d was dropped, its time is over", projection.name, each.number)

    def _tell_newer(self, projection: ViewClass, live: Generation, there: Sequence[Generation]) -> None:
        if any(each.version == projection.version for each in there) or projection.name in self._told:
            return
        self._told[projection.name] = "newer"
        message = "view %s is at version %d; this process has version %d, and nothing to work on"
        _logger.warning(message, projection.name, live.version, projection.version)

    def _tell(self, projection: ViewClass, error: Exception) -> None:
        text = error_text(error)
        if isinstance(error, GenerationGoneError) or self._told.get(projection.name) == text:
            return
        self._told[projection.name] = text
        expected = isinstance(error, DatabaseBusyError | SwitchRefusedError)
        cause = None if expected or not isinstance(error, DuologError) else error
        _logger.warning("view %s is not switched yet: %s", projection.name, text, exc_info=cause)
