"""A process that brings a schema up to date; it says when it is ready, and begins when it is told to."""

import asyncio
import sys

from duolog.adapters.postgres.connections import Connections
from duolog.adapters.postgres.location import parse_location
from duolog.adapters.postgres.migrations import migrate


async def main(url: str) -> None:
    connections = Connections(parse_location(url))
    try:
        await connections.fetch("SELECT 1")
        print("ready", flush=True)  # noqa: T201 - whoever started this reads it
        sys.stdin.readline()
        await migrate(connections)
    finally:
        await connections.close()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
