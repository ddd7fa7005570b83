"""The block in which a server is killed again and again leaves a server that runs."""

import asyncio
import threading

from duolog.testing.servers import PostgresServer
from tests.faults.experiment import Experiment
from tests.faults.postgres.killed_server import SETTINGS, killed_again_and_again


class WatchedServer(PostgresServer):
    """Tells when a kill begins, and does it when it is let."""

    def __init__(self) -> None:
        super().__init__(settings=SETTINGS)
        self.begun = threading.Event()
        self.let = threading.Event()

    def kill(self) -> None:
        self.begun.set()
        self.let.wait()
        super().kill()


async def test_a_kill_that_is_under_way_when_the_block_ends_is_finished_and_the_server_is_started_again() -> None:
    experiment = Experiment("a kill at the end of its block")
    with WatchedServer() as server:
        async with killed_again_and_again(server, experiment, seconds=0):
            await asyncio.to_thread(server.begun.wait)
            asyncio.get_running_loop().call_later(0.2, server.let.set)  # when the block has ended
        assert len(experiment.recoveries) == experiment.faults.total() >= 1
        assert server.databases.run_sql("SELECT 1") == "1"
