"""Projects a database in processes that are killed at their nth message to the server, before or after it is sent.

Each line of the input has the URL, n, and ``before`` or ``after``; for each a line is printed: the message, or
``outlived``. One process is the parent of all, so that what they import is read once; it has no threads.
"""

import asyncio
import os
import re
import signal
import sys
from asyncio import selector_events
from typing import Any

from tests.faults.tally import project

_VERB = re.compile(rb"\b(BEGIN|COMMIT|ROLLBACK|SAVEPOINT|RELEASE|INSERT|UPDATE|DELETE|CREATE|WITH|SELECT)\b")


def killed_at(number: int, *, after: bool, url: str) -> None:
    """Project in this process, which is killed at its nth message, over all connections."""
    transport: Any = vars(selector_events)["_SelectorSocketTransport"]  # there is no hook
    write = transport.write
    left = number

    def count(self: object, data: bytes) -> None:
        nonlocal left
        left -= 1
        if left == 0:
            if after:
                write(self, data)
            verb = _VERB.search(bytes(data))
            os.write(1, f"{verb[1].decode() if verb else 'other message'}\n".encode())
            os.kill(os.getpid(), signal.SIGKILL)
        write(self, data)

    transport.write = count
    asyncio.run(project(url))


def main() -> None:
    """Kill one process after the other."""
    for line in sys.stdin:
        url, number, moment = line.split()
        child = os.fork()
        if child == 0:
            killed_at(int(number), after=moment == "after", url=url)
            os._exit(0)
        _, status = os.waitpid(child, 0)
        if os.waitstatus_to_exitcode(status) == 0:
            os.write(1, b"outlived\n")
        elif os.waitstatus_to_exitcode(status) != -signal.SIGKILL:
            sys.exit("a projector failed")


if __name__ == "__main__":
    main()
