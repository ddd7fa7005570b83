"""E11: the socket is cut when an append was sent; what became of it is found out, and never said wrongly."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import asyncpg

from duolog.testing.servers import PostgresDatabases
from tests.faults.experiment import Answer, Experiment, size
from tests.faults.postgres.killed_server import make_log
from tests.faults.processes import running
from tests.faults.units import checked_units
from tests.integration.postgres.cut_connection import Wire, wire_to

UNIT = b"unit.written"
CUTS = size(short=12, long=300)
UNITS = "SELECT stream, version, data::text FROM \"duolog\".events WHERE type = 'unit.written' ORDER BY position"
IN_AN_APPEND = """
    SELECT array_agg(pid || ' ' || query_start) FROM pg_stat_activity
    WHERE datname = current_database() AND state = 'active' AND query LIKE '%append_batch%'
        AND pid <> pg_backend_pid()
"""
# A call takes so long that whoever looks for its events right after the cut does not find them yet.
SLOW = """
CREATE FUNCTION be_slow() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_sleep(0.05);
    RETURN NULL;
END
$$;
CREATE TRIGGER slow BEFORE INSERT ON "duolog".events FOR EACH STATEMENT EXECUTE FUNCTION be_slow();
"""


@asynccontextmanager
async def watcher(url: str) -> AsyncGenerator[asyncpg.Connection]:
    """A session that looks on."""
    connection = await asyncpg.connect(url)
    try:
        yield connection
    finally:
        await connection.close()


async def cut(wire: Wire, connection: asyncpg.Connection, experiment: Experiment) -> None:
    """Cut the sockets on which units were sent: while an append runs, or when it has ended and nobody heard of it."""
    while not (calls := await connection.fetchval(IN_AN_APPEND)):  # noqa: ASYNC110 - the server has no signal for it
        await asyncio.sleep(0.002)
    if experiment.chance.random() < 0.5:
        wire.swallow_answers(saying=UNIT)
        while not set(calls).isdisjoint(await connection.fetchval(IN_AN_APPEND) or ()):  # noqa: ASYNC110 - as above
            await asyncio.sleep(0.002)
        experiment.fault("socket cut after the append, before the answer")
    else:
        experiment.fault("socket cut during the append")
    wire.cut(saying=UNIT)  # who looks for the events has a connection at once


async def test_what_was_sent_before_the_socket_was_cut_is_found_out(postgres: PostgresDatabases) -> None:
    experiment = Experiment("E11 sockets cut after an append was sent")
    with postgres.new_database() as url:
        await make_log(url)
        async with watcher(url) as connection, wire_to(url) as (wire, through):
            await connection.execute(SLOW)
            async with running(experiment, "tests.faults.writer", (through, "--clients", "8", "--drain")) as writer:
                for _ in range(CUTS):
                    await writer.until("ok", 8)
                    await cut(wire, connection, experiment)
                await writer.until("ok", 8)
                writer.stop()
                experiment.expect(await writer.rest() == 0, "the clients failed")
            found = [tuple(row) for row in await connection.fetch(UNITS)]
        experiment.compare(checked_units(found, experiment))
        unanswered = [name for name, each in experiment.operations.items() if each.answered == float("inf")]
        experiment.expect(not unanswered, f"nobody was told what became of {unanswered[:3]}")
        # Look-ups go over connections that are not cut, so that every outcome can be found.
        unknown = experiment.names(Answer.UNKNOWN)
        experiment.expect(not unknown, f"the outcomes of {len(unknown)} units were not found")
    experiment.conclude()
