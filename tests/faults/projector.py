"""Projects copies of a database, each in a process that is killed at its nth statement: the first, a step later, ...

It prints n and the statement, and ends when a process outlives its n. One process is the parent of all, so that what
they import is read once; it is none that has threads.
"""

import asyncio
import itertools
import os
import shutil
import signal
import sys
from pathlib import Path

from tests.faults.tally import project
from tests.faults.writer import with_every_connection


def killed_at(number: int, path: Path) -> None:
    """Project ``path`` in this process, which is killed when the nth statement begins, over all connections."""
    statements = itertools.count(1)

    def trace(sql: str) -> None:
        if next(statements) == number:
            os.write(1, f"{number} {' '.join(sql.split())}\n".encode())
            os.kill(os.getpid(), signal.SIGKILL)

    with_every_connection(lambda connection: connection.set_trace_callback(trace))
    asyncio.run(project(f"sqlite:///{path}"))


def outlives(number: int, path: Path) -> bool:
    """Tell whether a process of its own outlives its nth statement."""
    child = os.fork()
    if child == 0:
        killed_at(number, path)
        os._exit(0)
    _, status = os.waitpid(child, 0)
    return os.waitstatus_to_exitcode(status) == 0


def main(base: Path, folder: Path, first: int, step: int) -> None:
    """Kill one process after the other."""
    for number in itertools.count(first, step):
        path = folder / f"{number}.db"
        shutil.copy(base, path)
        if outlives(number, path):
            path.unlink()
            return


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4]))
