"""Who owns a subscription: one runner of one process on one host."""

import itertools
import os
import secrets
import socket
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self

_PARTS: Final = 4
_START_TIME: Final = 19  # field 22 of /proc/<pid>/stat, counted after the command's name (proc(5))
_NO_NAMESPACE: Final = "-"
_runners = itertools.count(1)


@dataclass(frozen=True, slots=True)
class Owner:
    """A process as its name tells it.

    Attributes:
        host: the name of its host.
        namespace: where its pid means something; containers of one host may have a name for it in common, but not this.
        pid: its process id.
        start: tells apart processes that get one pid after another: when it started, in clock ticks, where that can be
            known, else a random text.
    """

    host: str
    namespace: str
    pid: int
    start: str

    @classmethod
    def this(cls) -> Self:
        """Return this process."""
        pid = os.getpid()
        return cls(socket.gethostname(), _namespace(), pid, start_time(pid) or secrets.token_hex(8))

    @classmethod
    def parse(cls, name: str) -> Self | None:
        """Return the process of a name that `owner_name` made; None for any other name."""
        parts = name.split("/")
        if len(parts) < _PARTS:
            return None
        host, namespace, pid, start = parts[:_PARTS]
        if not (pid.isascii() and pid.isdigit() and int(pid) > 0):
            return None
        return cls(host, namespace, int(pid), start)

    def __str__(self) -> str:
        """Return it as a name."""
        return f"{self.host}/{self.namespace}/{self.pid}/{self.start}"


def owner_name() -> str:
    """Make a name that no other runner has.

    Returns:
        ``host/namespace/pid/start``, see `Owner`. From the second call in a process on, ``/2``, ``/3``, ... follows.
    """
    runner = next(_runners)
    return str(Owner.this()) if runner == 1 else f"{Owner.this()}/{runner}"


def start_time(pid: int) -> str | None:
    """Return when a process started, in clock ticks since the machine did; None where this cannot be read."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None
    # The second field is the program's name in brackets, which may hold spaces and brackets itself.
    fields = stat.rpartition(")")[2].split()
    return fields[_START_TIME] if len(fields) > _START_TIME else None


def _namespace() -> str:
    try:
        return Path("/proc/self/ns/pid").readlink().name
    except OSError:
        return _NO_NAMESPACE
