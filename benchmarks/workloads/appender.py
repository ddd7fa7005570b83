"""A process that appends: ``python -m benchmarks.workloads.appender URL IN_FLIGHT [--uvloop]``.

It says ``ready``, takes a number of appends from each line of its input, and answers with their latencies, as JSON. A
second number is how many are due in a second: those do not wait for each other.
"""

import argparse
import asyncio
import json
import sys

import uvloop

from benchmarks.harness.stopwatch import time_at_rate, time_tasks
from benchmarks.workloads.accounts import opened
from benchmarks.workloads.application import make_codec, open_postgres
from benchmarks.workloads.child import READY
from duolog.eventstore.expectations import NoStream
from duolog.ids import uuid7


async def serve(url: str, in_flight: int) -> None:
    codec = make_codec()
    async with open_postgres(url) as database:
        store = database.store

        async def append() -> None:
            account_id = uuid7()
            await store.append(f"account-{account_id}", (codec.encode(opened(account_id)),), NoStream())

        print(READY, flush=True)
        while line := await asyncio.to_thread(sys.stdin.readline):
            count, *rate = line.split()
            if rate:
                sample = await time_at_rate(append, int(count), float(rate[0]))
            else:
                sample = await time_tasks(append, int(count), in_flight)
            print(json.dumps(sample.latencies), flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description="Append to a log, as often as each line of the input says.")
    parser.add_argument("url")
    parser.add_argument("in_flight", type=int)
    parser.add_argument("--uvloop", action="store_true")
    options = parser.parse_args()
    with asyncio.Runner(loop_factory=uvloop.new_event_loop if options.uvloop else None) as runner:
        runner.run(serve(options.url, options.in_flight))


if __name__ == "__main__":
    main()
