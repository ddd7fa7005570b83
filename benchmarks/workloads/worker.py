"""A process that works on a view: ``python -m benchmarks.workloads.worker URL VIEW PARTITIONS [--uvloop]``.

It says ``ready`` once it is a member, and answers each line of its input with its CPU time so far, in seconds.
"""

import argparse
import asyncio
import sys
import time
from collections.abc import Mapping
from typing import Final

import uvloop

from benchmarks.workloads.accounts import AccountsInSets, AccountsView
from benchmarks.workloads.application import make_application
from benchmarks.workloads.child import READY
from duolog import Projection

VIEWS: Final[Mapping[str, type[Projection]]] = {"plain": AccountsView, "sets": AccountsInSets}


def divided(view: str, partitions: int) -> type[Projection]:
    """Return the projection of a view, divided into so many shares."""
    base = VIEWS[view]
    return type(base.__name__, (base,), {"partitions": partitions})


async def work(url: str, view: str, partitions: int) -> None:
    async with make_application(url, [divided(view, partitions)]):
        print(READY, flush=True)
        while await asyncio.to_thread(sys.stdin.readline):
            print(time.process_time(), flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description="Work on a view of the accounts.")
    parser.add_argument("url")
    parser.add_argument("view", choices=VIEWS)
    parser.add_argument("partitions", type=int)
    parser.add_argument("--uvloop", action="store_true")
    options = parser.parse_args()
    with asyncio.Runner(loop_factory=uvloop.new_event_loop if options.uvloop else None) as runner:
        runner.run(work(options.url, options.view, options.partitions))


if __name__ == "__main__":
    main()
