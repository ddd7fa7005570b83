"""Rebuilds the view of `tests.integration.rebuilds.orders` once, with small pages: there is time to be killed.

It prints ``built <number>`` whenever it looks how far the generation is, and ``live <number>`` when it was switched.
"""

import asyncio
import sys
from dataclasses import replace

from duolog.projections.building import Built
from duolog.subscriptions.runner import Pace
from tests.integration.rebuilds.orders import OrderTotals, tool


async def main(url: str) -> None:
    """Rebuild the view of a database."""
    async with tool(url) as app:
        rebuilds = replace(app.rebuilds(), pace=Pace(lease=1.0, batch=20))
        async with rebuilds.building(OrderTotals) as rebuild:
            await rebuild.build(_built)
            switched = await rebuild.switch()
    sys.stdout.write(f"live {switched.number}\n")


def _built(built: Built) -> None:
    sys.stdout.write(f"built {built.generation}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
