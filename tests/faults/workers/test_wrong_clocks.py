"""E13: processes whose clocks are a day ahead and a day behind share views and due commands by the database's clock."""

import asyncio
import time

from duolog.testing.servers import PostgresDatabases
from tests.faults.experiment import Answer, Experiment, size
from tests.faults.workers.clerk import clerk
from tests.faults.workers.crew import crew
from tests.faults.workers.journal import plain
from tests.unit.process_managers.trials import TrialBegun, TrialUsed, publish

DAY = 86_400
USERS = size(short=4, long=200)
SECONDS = 1.5
LEASE = 5.0
LOADED = 10.0
"""What a loaded machine may add."""
_PATIENCE = size(short=40, long=600)
_CLERK = ("-m", "tests.faults.workers.wrong_clock")
_NOW = "SELECT extract(epoch FROM clock_timestamp())::double precision"
_LEASES = f"SELECT owner, expires_at / 1e6::double precision - ({_NOW}) FROM \"duolog\".leases WHERE owner <> ''"  # noqa: S608 - constants
_MEMBERS = f'SELECT owner, expires_at / 1e6::double precision - ({_NOW}) FROM "duolog".members'  # noqa: S608 - as above
_TIMES = """
    SELECT convert_from(data::text::bytea, 'UTF8')::json ->> 'user', type, extract(epoch FROM recorded_at)::double precision
    FROM {events} WHERE type IN ('trial.begun', 'trial.lapsed')
"""
_PARKED = f'SELECT parked_at / 1e6::double precision - ({_NOW}) FROM "duolog".parked'  # noqa: S608 - as above


async def test_wrong_clocks_change_nothing(postgres: PostgresDatabases) -> None:
    experiment = Experiment("E13 clocks a day ahead and a day behind: postgresql")
    with postgres.new_database() as url:
        app = clerk(url)
        await app.start(projections=False)
        database = plain(url)
        async with crew(experiment, app.database, url, "5") as clerks:
            await asyncio.gather(*(clerks.hire(*_CLERK, str(off), "tests.faults.workers.clerk") for off in (DAY, -DAY)))
            experiment.fault("clock a day ahead", overlaps=True)
            experiment.fault("clock a day behind", overlaps=True)
            began = time.monotonic()
            for user in map(str, range(USERS)):
                experiment.invoke(user)
                await publish(app, TrialBegun(user, hours=SECONDS / 3_600), TrialUsed(user))
                experiment.answer(user, Answer.OK)
            async with asyncio.timeout(_PATIENCE):
                while len(rows := await database.rows(_TIMES)) < 2 * USERS:
                    await check_ends(url, experiment)
                    await asyncio.sleep(0.1)
            owners = {owner for owner, _ in await database.rows(_LEASES)}
            experiment.expect(len(owners) >= 2, f"one of them has everything: {owners}")
        begun = {user: at for user, kind, at in rows if kind == "trial.begun"}
        for user, kind, at in rows:
            if kind == "trial.lapsed":
                late = at - begun[user] - SECONDS
                experiment.expect(-0.01 <= late < LOADED, f"user {user} lapsed {late:.1f} s after it was due")
        took = time.monotonic() - began
        parked = [ago for (ago,) in await database.rows(_PARKED)]
        experiment.expect(len(parked) == USERS, f"{len(parked)} events were parked")
        experiment.expect(all(-took - LOADED < ago <= 0 for ago in parked), f"parked at {parked} from now")
        experiment.compare([user for user, kind, _ in rows if kind == "trial.lapsed"])
        await app.close()
    experiment.conclude()


async def check_ends(url: str, experiment: Experiment) -> None:
    """See that everybody's leases and heartbeats end when they should by the database's clock."""
    for table in (_LEASES, _MEMBERS):
        for owner, left in await plain(url).rows(table):
            experiment.expect(-LEASE - LOADED < left <= LEASE, f"what {owner} holds ends in {left:.0f} s")
