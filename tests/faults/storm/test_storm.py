"""E5 b, c: eight writers in every way there is; no reader skips, doubles or reorders an event, and none is delayed."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import asyncpg

from duolog.container.databases import open_database
from duolog.ids import uuid7
from duolog.messages.envelope import NewEvent
from duolog.testing.servers import PostgresDatabases, PostgresServer
from tests.faults.experiment import Experiment, size
from tests.faults.postgres.killed_server import SETTINGS, killed_again_and_again, make_log
from tests.faults.processes import Writer, running
from tests.faults.storm.reader import LAST, Way
from tests.faults.storm.recorded import check_decisions, check_reader, check_units, delivered, lags, logged

EVENTS = size(short=1_200, long=1_000_000)
EVENTS_WITH_KILLS = size(short=300, long=1_000_000)
MOST = size(short=5, long=200)  # events in an append
PROCESSES = 2
READER = "tests.faults.storm.reader"
APPENDER = "tests.faults.storm.appender"
RESTART_SECONDS = (0.1, size(short=1, long=10))
KILLS_OF_A_READER = size(short=1, long=100)
KILL_SECONDS = size(short=3, long=16) / 2
PATIENCE = size(short=90, long=5_000)
LONGEST_LAG = size(short=5, long=15)
"""Far above what is measured: a delay by the idle transactions would last as long as they do."""

IDLE = "CREATE TABLE IF NOT EXISTS idle (id bigint); BEGIN; INSERT INTO idle VALUES (1)"


class Reading:
    """Readers in processes of their own, one of each kind, which are killed and started again until all is read.

    Args:
        experiment: where it is noted.
        url: of the database.
        folder: where they record what they got.
    """

    def __init__(self, experiment: Experiment, url: str, folder: Path) -> None:
        self._experiment = experiment
        self._url = url
        self._folder = folder

    def record(self, way: Way) -> Path:
        """Return the file in which a reader records what it gets."""
        return self._folder / way.value

    async def follow(self) -> None:
        """Run all of them to their end."""
        await asyncio.gather(*(self._follow(way) for way in Way))

    async def _follow(self, way: Way) -> None:
        arguments = (self._url, way.value, str(self.record(way)))
        kills = 0 if way is Way.PAGED else KILLS_OF_A_READER  # one sees all the time
        while True:
            async with running(self._experiment, READER, arguments) as reader:
                assert reader.process.stdout is not None
                await reader.process.stdout.readline()  # it reads from now on
                patience = self._experiment.chance.uniform(*RESTART_SECONDS) if kills else None
                try:
                    async with asyncio.timeout(patience):
                        code = await reader.process.wait()
                except TimeoutError:
                    kills -= 1
                    self._experiment.fault(f"kill of a {way.value} reader")
                    continue
                self._experiment.expect(code == 0, f"the {way.value} reader ended with {code}")
                return


@asynccontextmanager
async def idle_transaction(url: str) -> AsyncGenerator[None]:
    """Have somebody write a row and do nothing for the length of a block."""
    connection = await asyncpg.connect(url)
    try:
        await connection.execute(IDLE)
        yield
    finally:
        connection.terminate()


async def write(experiment: Experiment, url: str, events: int) -> None:
    """Have all writers write."""
    async with AsyncExitStack() as stack, asyncio.TaskGroup() as group:
        for number in range(PROCESSES):
            arguments = [
                url,
                f"p{number}-",
                "--seed",
                str(experiment.seed),
                "--events",
                str(events // PROCESSES),
                "--most",
                str(MOST),
            ]
            writer = await stack.enter_async_context(running(experiment, APPENDER, arguments))
            group.create_task(_finished(writer, experiment))


async def _finished(writer: Writer, experiment: Experiment) -> None:
    experiment.expect(await writer.rest() == 0, "a writer failed")


async def finish(url: str) -> None:
    """Append the last event."""
    database = open_database(url)
    await database.open()
    await database.store.append("end-1", [NewEvent(uuid7(), LAST, 1, b"{}")])
    await database.close()


async def conclude(experiment: Experiment, reading: Reading, url: str) -> Sequence[float]:
    """Compare everything with the log, and return how late events came to the reader that was never killed."""
    log = await logged(url)
    check_units(experiment, log)
    experiment.expect(check_decisions(experiment, log), "nothing was decided")
    for way in Way:
        check_reader(experiment, way, log, delivered(reading.record(way)))
    ways = {operation.details[0] for operation in experiment.operations.values()}
    experiment.expect(ways >= {"store", "transaction", "prepared", "savepoint", "decision"}, f"only {ways} were tried")
    late = lags(experiment, log, delivered(reading.record(Way.PAGED)))
    experiment.lags.extend(late)
    return late


async def test_no_reader_skips_or_doubles_or_reorders_or_waits_for_others(
    postgres: PostgresDatabases, tmp_path: Path
) -> None:
    experiment = Experiment("E5b storm: 8 writers, restarted readers, idle transactions elsewhere")
    with postgres.new_database() as url, postgres.new_database() as other:
        await make_log(url)
        reading = Reading(experiment, url, tmp_path)
        async with (
            idle_transaction(other),
            idle_transaction(url),
            asyncio.timeout(PATIENCE),
            asyncio.TaskGroup() as group,
        ):
            following = group.create_task(reading.follow())
            await write(experiment, url, EVENTS)
            await finish(url)
            await following
        late = await conclude(experiment, reading, url)
        experiment.expect(max(late) <= LONGEST_LAG, f"an event came {max(late):.1f} s after it was acknowledged")
    experiment.conclude()


async def test_no_reader_skips_or_doubles_or_reorders_across_kills_of_the_server(tmp_path: Path) -> None:
    experiment = Experiment("E5c storm: 8 writers, restarted readers, kill -9 of the server")
    with PostgresServer(settings=SETTINGS) as server:
        url = server.create_database("log")
        await make_log(url)
        reading = Reading(experiment, url, tmp_path)
        async with asyncio.timeout(PATIENCE), asyncio.TaskGroup() as group:
            following = group.create_task(reading.follow())
            async with killed_again_and_again(server, experiment, KILL_SECONDS):
                await write(experiment, url, EVENTS_WITH_KILLS)
                while not experiment.overlapping:  # a short run may be killed between two appends only
                    await write(experiment, url, EVENTS_WITH_KILLS)
            await finish(url)
            await following
        await conclude(experiment, reading, url)
    experiment.expect(experiment.faults["kill of the server"], "the server was not killed")
    experiment.conclude()
