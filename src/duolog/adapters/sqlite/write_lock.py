"""Which process writes a SQLite file: one at a time may, and whoever keeps that right stops all others.

In WAL mode the right to write is a lock on one byte of the file beside the database that ends with ``-shm``; the kernel
tells who has it (proc(5), ``/proc/locks``). Linux only: elsewhere nobody is found.
"""

import time
from pathlib import Path
from typing import Final

_BYTE: Final = 120  # UNIX_SHM_BASE + WAL_WRITE_LOCK in SQLite's os_unix.c and wal.c
_LOCKS: Final = Path("/proc/locks")
_FIELDS: Final = 8
_LOOKS: Final = 20
_SECONDS: Final = 1.0


def stuck_writer(path: Path) -> int | None:
    """Return the pid of the process that has had the right to write at every look for a second; None without one.

    One look that finds nobody, or another one, is enough to say so: it takes no time where nobody is stuck.

    Args:
        path: of the database.
    """
    first = _writer(path)
    for _ in range(_LOOKS if first is not None else 0):
        time.sleep(_SECONDS / _LOOKS)
        if _writer(path) != first:
            return None
    return first


def _writer(path: Path) -> int | None:
    try:
        inode = path.with_name(f"{path.name}-shm").stat().st_ino
        lines = _LOCKS.read_text(encoding="ascii").splitlines()
    except OSError:
        return None  # nobody has it open, or this system does not tell
    for line in lines:
        fields = line.split()
        if len(fields) != _FIELDS or fields[1] not in {"POSIX", "OFDLCK"} or fields[3] != "WRITE":
            continue  # one that waits has an arrow more
        _, _, _, _, pid, file, begin, end = fields
        if file.rpartition(":")[2] == str(inode) and int(begin) <= _BYTE and (end == "EOF" or int(end) >= _BYTE):
            return int(pid)
    return None
