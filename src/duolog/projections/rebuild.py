"""Building a projection's view anew beside the one that queries read, and letting them read it."""

import asyncio
import random
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final

from duolog.errors import ConfigurationError, SwitchBlockedError, ViewBehindError
from duolog.projections.building import BULK, GenerationBuilder, Show
from duolog.projections.materialized_view import MaterializedView, ViewClass
from duolog.projections.projection import Projection
from duolog.projections.shares import ProjectionShares
from duolog.projections.version_keeper import NEAR
from duolog.projections.views import ViewGenerations
from duolog.subscriptions.generations import Generation, Role, live_of
from duolog.subscriptions.owner import owner_name
from duolog.subscriptions.runner import Pace
from duolog.subscriptions.source import SubscriptionSource

_SHORTEST_PAUSE: Final = 0.02
_LONGEST_PAUSE: Final = 0.4


@dataclass(frozen=True, slots=True)
class Rebuilds:
    """Builds, switches, goes back and drops, for the projections of one application.

    Attributes:
        generations: makes, switches and drops generations.
        shares: makes what applies pages.
        source: the log, and the records of those who follow it.
        pace: times and sizes of what is built here.
    """

    generations: ViewGenerations
    shares: ProjectionShares
    source: SubscriptionSource
    pace: Pace = BULK

    @asynccontextmanager
    async def building(self, projection: type[Projection], *, strict: bool = False) -> AsyncGenerator["Rebuild", None]:
        """Open a rebuild: the shadow that is there already goes on, whoever began it; otherwise there is a new one.

        Args:
            projection: the projection's class.
            strict: stop at the first event that cannot be applied, instead of parking it.

        Raises:
            ConfigurationError: the view was never built.
            StatementError: the DDL of its tables is wrong.
        """
        shadow = await self.generations.create_shadow(projection)
        async with self._builder(projection, shadow.number, strict=strict) as builder:
            yield Rebuild(projection, shadow, self.generations, builder)

    async def live(self, projection: ViewClass) -> Generation:
        """Return the live generation of a view.

        Raises:
            ConfigurationError: the view was never built.
        """
        there = await self.source.generations.read(projection.name)
        live = live_of(there)
        if live is None:
            message = f"view {projection.name!r} does not exist"
            raise ConfigurationError(message, hint="Run the application: it builds the view from the beginning.")
        return live

    async def previous(self, projection: ViewClass) -> Generation | None:
        """Return the generation that was live last before the one that is; None if there is none any more."""
        there = await self.source.generations.read(projection.name)
        previous = [each for each in there if each.role is Role.PREVIOUS]
        return max(previous, key=lambda each: each.since, default=None)

    async def behind(self, projection: ViewClass, generation: Generation) -> int:
        """Return by how many positions a generation is behind the live one; 0 if it is not."""
        live = await self.live(projection)
        positions: dict[int, list[int]] = {live.number: [], generation.number: []}
        for each in await self.source.checkpoints.read_all():
            if each.subscription == projection.name and each.share.generation in positions:
                positions[each.share.generation].append(each.position)
        return max(0, max(positions[live.number], default=0) - min(positions[generation.number], default=0))

    async def roll_back(self, projection: ViewClass, *, accept_behind: bool, seconds: float, show: Show) -> Generation:
        """Let queries read the previous generation again.

        If it has the code's version, what it lacks is applied here first; a materialized view is waited for, which the
        processes of its version refresh.

        Args:
            projection: the view's class.
            accept_behind: let queries go back in time.
            seconds: how long to try where the tables are in use.
            show: called with how far it is, where it has to catch up.

        Returns:
            The generation, which is live now.

        Raises:
            ConfigurationError: there is no previous generation.
            ViewBehindError: it is behind the live one, and only code of another version can change that.
            SwitchBlockedError: the tables were in use all the time.
            SwitchRefusedError: something undeclared hangs on the live tables.
        """
        previous = await self.previous(projection)
        if previous is None:
            message = f"view {projection.name!r} has no previous generation"
            raise ConfigurationError(message, hint="It was not rebuilt, or the time to go back is over: rebuild it.")
        if issubclass(projection, MaterializedView):
            return await _switched(self.generations, projection, previous, seconds=seconds, accept_behind=accept_behind)
        if accept_behind or previous.version != projection.version:
            return await _switched(
                self.generations, projection, previous, seconds=seconds, accept_behind=accept_behind, waits=False
            )
        async with self._builder(projection, previous.number) as builder:
            await builder.until_near(0, show)
            return await _switched(self.generations, projection, previous, seconds=seconds, builder=builder)

    async def drop(self, projection: type[Projection], role: Role) -> tuple[int, ...]:
        """Drop all generations of a role, and return their numbers.

        Raises:
            ConfigurationError: that of the live one.
        """
        there = await self.source.generations.read(projection.name)
        numbers = tuple(each.number for each in there if each.role is role)
        for number in numbers:
            await self.generations.drop(projection, number)
        return numbers

    def _builder(self, projection: type[Projection], number: int, *, strict: bool = False) -> GenerationBuilder:
        return GenerationBuilder(
            projection, number, self.shares, self.source, owner=owner_name(), strict=strict, pace=self.pace
        )


class Rebuild:
    """One rebuild under way.

    Args:
        projection: the projection's class.
        shadow: the generation that is built.
        generations: switches generations.
        builder: builds it.
    """

    def __init__(
        self,
        projection: type[Projection],
        shadow: Generation,
        generations: ViewGenerations,
        builder: GenerationBuilder,
    ) -> None:
        self.projection = projection
        self.shadow = shadow
        self._generations = generations
        self._builder = builder

    async def build(self, show: Show) -> None:
        """Load the shadow, make its indexes, and catch up with the log while it is written.

        Args:
            show: called with how far it is, a few times a second.

        Raises:
            GenerationGoneError: it was dropped.
            PoisonEventError: an event cannot be applied, and the rebuild is strict.
            DatabaseError: the database failed; what is built stays.
        """
        await self._builder.until_near(NEAR, show)
        await self._generations.finish_load(self.projection, self.shadow.number)
        await self._builder.until_near(0, show)

    async def let_go(self) -> None:
        """Give the shadow's leases back, for somebody who needs them; `switch` takes them again."""
        await self._builder.let_go()

    async def switch(self, *, seconds: float = 60.0) -> Generation:
        """Let queries read the shadow, as soon as nobody uses the tables for long and it has what the live one has.

        Args:
            seconds: how long to try.

        Returns:
            The generation, which is live now.

        Raises:
            GenerationGoneError: it was dropped.
            ViewBehindError: it could not catch up in time.
            SwitchBlockedError: the tables were in use all the time.
            SwitchRefusedError: something undeclared hangs on the live tables.
        """
        return await _switched(self._generations, self.projection, self.shadow, seconds=seconds, builder=self._builder)


async def _switched(
    generations: ViewGenerations,
    projection: ViewClass,
    generation: Generation,
    *,
    seconds: float,
    builder: GenerationBuilder | None = None,
    accept_behind: bool = False,
    waits: bool = True,
) -> Generation:
    """Try to switch again and again, with pauses that differ, so that whoever is in the way gets through between."""
    until = asyncio.get_running_loop().time() + seconds
    while True:
        if builder is not None:
            await builder.advance()
        try:
            return await generations.switch(projection, generation.number, accept_behind=accept_behind)
        except (SwitchBlockedError, ViewBehindError) as error:
            gives_up = isinstance(error, ViewBehindError) and not waits
            if gives_up or asyncio.get_running_loop().time() >= until:
                raise
        await asyncio.sleep(random.uniform(_SHORTEST_PAUSE, _LONGEST_PAUSE))  # noqa: S311 - jitter keeps no secret
