"""A promotion that is killed as soon as a phase has begun: ``python promote_process.py SOURCE_URL TARGET_URL PHASE``.

It kills its own process with SIGKILL, with a page of events on its way.
"""

import asyncio
import os
import signal
import sys

from duolog.admin.promotion import Order, Phase, promote
from duolog.container.databases import open_database


def main() -> None:
    source, target, phase = sys.argv[1:]

    def on_progress(now: Phase, _at: int, _end: int) -> None:
        if now.value == phase:
            os.kill(os.getpid(), signal.SIGKILL)

    asyncio.run(promote(Order(open_database(source), open_database(target)), on_progress=on_progress))


if __name__ == "__main__":
    main()
