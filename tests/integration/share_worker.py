"""A process that works on a divided view until it is killed: ``python -m tests.integration.share_worker URL``."""

import asyncio
import sys

from duolog.container.databases import open_database
from tests.unit.projections.accounts import Worker
from tests.unit.projections.test_shares import DividedProjection


async def main(url: str) -> None:
    database = open_database(url)
    await database.open()
    worker = Worker(database, [DividedProjection])
    await worker.runtime.start()
    print(worker.runtime.owner, flush=True)  # noqa: T201 - whoever started it waits for this
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
