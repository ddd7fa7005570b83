"""`duolog send` as a process of its own, which may be killed on the way."""

import contextlib
import os
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[2]
_SECONDS: Final = 60.0


@dataclass(frozen=True, slots=True)
class Kill:
    """When to kill it.

    Attributes:
        rows: once it says that so many rows are done; it says so every thousand rows.
        seconds: and so much later.
    """

    rows: int
    seconds: float


@dataclass(frozen=True, slots=True)
class Ended:
    """How it ended.

    Attributes:
        status: its exit status; that of a signal is negative.
        stdout: what it printed.
        stderr: what it said.
        seconds: how long it ran.
        peak_mib: the most memory that it had, in MiB, until it last said something; 0 if the system does not tell.
    """

    status: int
    stdout: str
    stderr: str
    seconds: float
    peak_mib: float


def send(arguments: Sequence[str], environment: Mapping[str, str], *, kill: Kill | None = None) -> Ended:
    """Run `duolog send` in the repository's root.

    Args:
        arguments: behind `send`.
        environment: added to that of the tests.
        kill: when to kill it; None lets it end by itself.
    """
    started = time.monotonic()
    process = subprocess.Popen(
        [sys.executable, "-m", "duolog", "send", *arguments],
        cwd=ROOT,
        env={**os.environ, "TERM": "dumb", **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    said: list[str] = []
    peak = 0.0
    try:
        assert process.stderr is not None
        for line in process.stderr:
            said.append(line)
            peak = max(peak, _peak_mib(process.pid))
            if kill is not None and line.startswith(f"{kill.rows} of "):
                time.sleep(kill.seconds)  # any moment will do, that is the point
                process.kill()
                break
        stdout, rest = process.communicate(timeout=_SECONDS)
    finally:
        process.kill()
        process.wait()
    return Ended(process.returncode, stdout, "".join(said) + rest, time.monotonic() - started, peak)


def _peak_mib(pid: int) -> float:
    with contextlib.suppress(OSError):
        for line in Path(f"/proc/{pid}/status").read_text(encoding="ascii", errors="replace").splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) / 1024
    return 0.0
