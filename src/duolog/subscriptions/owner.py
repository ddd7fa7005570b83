"""Who owns a subscription: one runner of one process on one host."""

import itertools
import os
import secrets
import socket
from pathlib import Path
from typing import Final

_START_TIME: Final = 22
_FIRST_AFTER_NAME: Final = 3
_runners = itertools.count(1)


def owner_name() -> str:
    """Make a name that no other runner has.

    Returns:
        ``host/pid/start``, where ``start`` tells apart processes that get one pid after another: the process's start
        in clock ticks (proc(5), field 22 of ``/proc/self/stat``) where there is one, else a random text. From the
        second call in a process on, ``/2``, ``/3``, ... follows.
    """
    name = f"{socket.gethostname()}/{os.getpid()}/{_start()}"
    runner = next(_runners)
    return name if runner == 1 else f"{name}/{runner}"


def _start() -> str:
    try:
        stat = Path("/proc/self/stat").read_text(encoding="utf-8", errors="replace")
        # The second field is the program's name in brackets, which may hold spaces and brackets itself.
        return stat.rpartition(")")[2].split()[_START_TIME - _FIRST_AFTER_NAME]
    except (OSError, IndexError):
        return secrets.token_hex(8)
