"""Telling whether the process that owns a lease has died on this machine, so that nobody waits for its lease to end."""

import os
import socket
from pathlib import Path
from typing import Final

_PARTS: Final = 3
_START_TIME: Final = 19  # field 22 of /proc/<pid>/stat, counted after the command's name (proc(5))


def is_dead(owner: str) -> bool:
    """Tell whether ``owner`` is a process of this host that does not live any more.

    Args:
        owner: ``host/pid/start`` and perhaps more parts, as `duolog.subscriptions.owner` makes it; anything else, and
            a process of another host, counts as living.

    Returns:
        True if no process has this pid, or the one that has it started at another time.
    """
    parts = owner.split("/")
    if os.name != "posix" or len(parts) < _PARTS:
        return False
    host, pid, start = parts[:_PARTS]
    if host != socket.gethostname() or not (pid.isascii() and pid.isdigit() and int(pid) > 0):
        return False
    try:
        os.kill(int(pid), 0)
    except (ProcessLookupError, OverflowError):
        return True
    except PermissionError:
        pass  # it lives, as somebody else
    started = start_time(int(pid))
    return started is not None and start.isdigit() and start != started


def start_time(pid: int) -> str | None:
    """Return when a process started, in clock ticks since the machine did; None where this cannot be read."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None
    fields = stat.rpartition(")")[2].split()
    return fields[_START_TIME] if len(fields) > _START_TIME else None
