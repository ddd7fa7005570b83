"""Works on the bank's views until it is killed: ``python -m tests.faults.workers.worker URL LEASE_SECONDS``.

It prints its name, and then what became of its shares.
"""

import asyncio
import logging
import sys

from duolog.container.databases import open_database
from duolog.subscriptions.runner import Pace
from tests.faults.workers.bank import PROJECTIONS, codec
from tests.unit.projections.accounts import Worker


async def main(url: str, lease: float) -> None:
    """Work until the end."""
    database = open_database(url)
    await database.open()
    pace = Pace(lease=lease, idle=0.02, first_pause=0.02, last_pause=0.2)
    worker = Worker(database, PROJECTIONS, pace=pace, codec=codec())
    await worker.runtime.start()
    print(worker.runtime.owner, flush=True)  # noqa: T201 - whoever started it waits for this
    await asyncio.Event().wait()


if __name__ == "__main__":
    logging.basicConfig(stream=sys.stderr, level=logging.CRITICAL)
    asyncio.run(main(sys.argv[1], float(sys.argv[2])))
