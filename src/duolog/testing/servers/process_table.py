"""What the system says of processes: which run, and whose children they are."""

import time
from collections.abc import Collection, Iterator
from pathlib import Path
from subprocess import run
from typing import Final

_PROC: Final = Path("/proc")
_LOOK_EVERY_SECONDS: Final = 0.005


def children(pid: int) -> frozenset[int]:
    """Return the processes that a process has started and that run; a zombie does not run."""
    return frozenset(child for child, parent in _look() if parent == pid)


def running(pids: Collection[int]) -> frozenset[int]:
    """Return those of ``pids`` that run; a zombie does not run."""
    return frozenset(pid for pid, _ in _look(pids)) & frozenset(pids)


def wait_until_gone(pids: Collection[int], seconds: float) -> bool:
    """Wait until none of ``pids`` runs any more.

    Args:
        pids: processes; they need not be children of this one, which therefore has to look again and again.
        seconds: how long at most.

    Returns:
        Whether all are gone.
    """
    deadline = time.monotonic() + seconds
    while running(pids):
        if time.monotonic() > deadline:
            return False
        time.sleep(_LOOK_EVERY_SECONDS)
    return True


def _look(pids: Collection[int] | None = None) -> Iterator[tuple[int, int]]:
    """Tell the processes that run, and their parents.

    Args:
        pids: look at these at least; None for all.
    """
    for pid, parent, state in _from_proc(pids) if (_PROC / "self" / "stat").exists() else _from_ps():
        if state not in {"Z", "X"}:
            yield pid, parent


def _from_proc(pids: Collection[int] | None) -> Iterator[tuple[int, int, str]]:
    if pids is None:
        pids = [int(folder.name) for folder in _PROC.iterdir() if folder.name.isdecimal()]
    for pid in pids:
        try:
            stat = (_PROC / str(pid) / "stat").read_bytes()
        except OSError:
            continue  # ended while we looked
        # The second field is the program's name in parentheses, which may hold anything.
        state, parent = stat.rpartition(b")")[2].split(maxsplit=2)[:2]
        yield pid, int(parent), state.decode()


def _from_ps() -> Iterator[tuple[int, int, str]]:
    listing = run(["ps", "-A", "-o", "pid=,ppid=,stat="], capture_output=True, text=True, check=True)  # noqa: S607 - where it is differs
    for line in listing.stdout.splitlines():
        pid, parent, state = line.split()
        yield int(pid), int(parent), state[0]
