"""E7: who follows the log gets everything in time, also if its listener is ended and no notification comes."""

import asyncio
import time
from collections.abc import Awaitable, Callable

from duolog.adapters.postgres.database import PostgresDatabase
from duolog.adapters.postgres.wake_ups import RECONNECT_SECONDS
from duolog.errors import DatabaseError
from duolog.testing.servers import PostgresDatabases
from tests.faults.experiment import Answer, Experiment, size
from tests.integration.postgres.logs import opened, session

TURNS = size(short=4, long=100)
POLL = 0.25
LOADED = 2.0
"""A poll comes within `POLL`; the rest is for a loaded machine."""

APPEND = """
    SELECT "duolog".append_one('', 'user-1', -1, $1::uuid, 'thing.happened', 1, '{}', 0::smallint, '{}', '{}', '{}')
"""
LISTENERS = "SELECT array_agg(pid) FROM pg_stat_activity WHERE datname = current_database() AND query LIKE 'LISTEN %'"
OTHERS = "SELECT array_agg(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
END = "SELECT pg_terminate_backend(pid, 1000) FROM unnest($1::integer[]) AS a (pid)"


class Follower:
    """Follows the log, and begins again where it was when the database failed.

    Args:
        database: an open one.
        experiment: where it is noted what came.
    """

    def __init__(self, database: PostgresDatabase, experiment: Experiment) -> None:
        self._database = database
        self._experiment = experiment
        self._after = 0
        self.got: list[str] = []
        self.moments: dict[str, float] = {}

    async def follow(self) -> None:
        """Follow without end."""
        while True:
            try:
                async for page in self._database.store.subscribe(after=self._after):
                    self._after = page.through
                    for event in page.events:
                        self.got.append(event.event_id.hex)
                        self.moments[event.event_id.hex] = time.monotonic()
            except DatabaseError:
                self._experiment.faults["subscription begun again"] += 1


async def until(holds: Callable[[], Awaitable[object]], seconds: float) -> bool:
    """Wait until something holds; tell whether it did in time."""
    try:
        async with asyncio.timeout(seconds):
            while not await holds():  # noqa: ASYNC110 - the server has no signal for it
                await asyncio.sleep(0.01)
    except TimeoutError:
        return False
    return True


async def test_everything_comes_within_the_polls_bound_without_any_notification(postgres: PostgresDatabases) -> None:
    experiment = Experiment("E7 listeners and sessions ended, no notification sent")
    with postgres.new_database() as url:
        async with opened(url) as database, session(url) as writer:
            follower = Follower(database, experiment)
            following = asyncio.create_task(follower.follow())

            async def is_listening() -> object:
                return await writer.fetchval(LISTENERS)

            for turn in range(TURNS):
                experiment.expect(
                    await until(is_listening, RECONNECT_SECONDS + LOADED), f"{turn}: nobody listens again"
                )
                await asyncio.sleep(experiment.chance.uniform(0, 2 * POLL))
                name = (await writer.fetchval("SELECT gen_random_uuid()")).hex
                experiment.invoke(name)
                kind = experiment.chance.choice(("listener", "all sessions"))
                await writer.execute(END, await writer.fetchval(LISTENERS if kind == "listener" else OTHERS) or [])
                experiment.fault(f"{kind} ended")
                await writer.fetchval(APPEND, name)  # straight through SQL: nobody is told
                appended = time.monotonic()
                experiment.answer(name, Answer.OK)

                async def has_come(name: str = name) -> object:
                    return name in follower.moments

                if await until(has_come, POLL + LOADED):
                    experiment.lags.append(follower.moments[name] - appended)
                else:
                    experiment.violations.append(f"{turn}: not within {POLL + LOADED} s of its append, {kind} ended")
            following.cancel()
            await asyncio.wait((following,))
        experiment.compare(follower.got)
    experiment.conclude()
