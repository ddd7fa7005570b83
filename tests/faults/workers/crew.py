"""Worker processes that are killed, stopped and continued, and how soon others have their shares."""

import asyncio
import signal
import sys
import time
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from duolog.database.port import Database
from tests.faults.experiment import Experiment
from tests.faults.processes import ROOT

WORKER = "tests.faults.workers.worker"
_LOOK = 0.02
_SECONDS = 60


class Crew:
    """Some workers.

    Args:
        experiment: notes the faults, and how soon others took over.
        database: looks at who holds what.
        arguments: of the worker's program.
        most_away: so many are gone or stopped at once, at most.

    A process that stands still in a transaction of SQLite keeps the file's lock, which nobody can take from it: there
    it is continued after a while, whether others have its shares or not.
    """

    def __init__(self, experiment: Experiment, database: Database, *arguments: str, most_away: int = 2) -> None:
        self._experiment = experiment
        self._database = database
        self._arguments = arguments
        self._away = asyncio.Semaphore(most_away)
        self._is_locked_by_one = database.features.single_writer
        self.processes: dict[str, Process] = {}

    async def hire(self, *command: str) -> str:
        """Start a worker, and return its name."""
        program = command or ("-m", WORKER)
        process = await asyncio.create_subprocess_exec(
            sys.executable, *program, *self._arguments, stdin=PIPE, stdout=PIPE, cwd=ROOT
        )
        assert process.stdout is not None
        name = (await process.stdout.readline()).decode().strip()
        self.processes[name] = process
        return name

    async def dismiss(self) -> None:
        """End all."""
        for process in self.processes.values():
            if process.returncode is None:
                process.send_signal(signal.SIGCONT)
                process.kill()
            await process.communicate()

    async def owners(self) -> dict[str, str | None]:
        """Return who holds each share."""
        return {str(each.share): each.owner for each in (await self._database.shares.survey()).shares}

    async def all_owned_by(self, *names: str) -> None:
        """Wait until every share is held, and all of these hold one."""
        async with asyncio.timeout(_SECONDS):
            while set((await self.owners()).values()) != set(names):  # noqa: ASYNC110 - other processes
                await asyncio.sleep(_LOOK)

    async def torment(self, name: str, until: float, *, lease: float) -> str:
        """Kill, stop and continue a worker at random until a moment; return who works in its place at the end."""
        chance = self._experiment.chance
        while (left := until - time.monotonic()) > 0:
            await asyncio.sleep(min(left, chance.uniform(0.5, 2.5) * lease))
            if time.monotonic() >= until:
                break
            async with self._away:
                name = await getattr(self, chance.choice(("_kill", "_stop", "_stop_shortly")))(name, lease)
        return name

    async def _kill(self, name: str, lease: float) -> str:
        process = self.processes[name]
        shares = await self._shares_of(name)
        self._experiment.fault("kill of a worker", overlaps=bool(shares))
        process.kill()
        await asyncio.gather(process.wait(), self._taken_over(name, shares, lease))
        return await self.hire()

    async def _stop(self, name: str, lease: float) -> str:
        shares = await self._shares_of(name)
        self._experiment.fault("stop of a worker, past its lease", overlaps=bool(shares))
        self.processes[name].send_signal(signal.SIGSTOP)
        await self._taken_over(name, shares, lease, is_stopped=True)
        await asyncio.sleep(self._experiment.chance.uniform(0, 1) * lease)
        self.processes[name].send_signal(signal.SIGCONT)
        return name

    async def _stop_shortly(self, name: str, lease: float) -> str:
        self._experiment.fault("stop of a worker, within its lease")
        self.processes[name].send_signal(signal.SIGSTOP)
        await asyncio.sleep(self._experiment.chance.uniform(0.1, 0.6) * lease)
        self.processes[name].send_signal(signal.SIGCONT)
        return name

    async def _shares_of(self, name: str) -> set[str]:
        return {share for share, owner in (await self.owners()).items() if owner == name}

    async def _taken_over(self, name: str, shares: set[str], lease: float, *, is_stopped: bool = False) -> None:
        struck = time.monotonic()
        may_lock = is_stopped and self._is_locked_by_one
        while shares and time.monotonic() < struck + (4 * lease if may_lock else _SECONDS):
            await asyncio.sleep(_LOOK)
            owners = await self.owners()
            taken = {share for share in shares if owners[share] not in {None, name}}
            shares -= taken
            if taken:
                self._experiment.recoveries += [time.monotonic() - struck] * len(taken)
        took = time.monotonic() - struck
        self._experiment.expect(may_lock or not shares, f"{shares} of {name} were not taken over in {took:.1f} s")


@asynccontextmanager
async def crew(experiment: Experiment, database: Database, *arguments: str) -> AsyncGenerator[Crew]:
    """Workers that end with the block."""
    made = Crew(experiment, database, *arguments)
    try:
        yield made
    finally:
        await made.dismiss()
