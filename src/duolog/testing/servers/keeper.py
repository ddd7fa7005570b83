"""Keeps one server for as long as somebody holds its lock: a program of its own, which outlives a killed test run.

Everybody who uses a server holds a shared lock on a file of its directory. The system gives such a lock back when its
holder ends, however it ends; then this program gets the exclusive lock, stops the server, and removes its directory if
that was temporary. As the server's parent it also takes note when the server ends by itself, and ends as well.

It runs as a file, without duolog: it needs nothing but the standard library, and starts in a few milliseconds.
"""

import ctypes
import fcntl
import json
import os
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO


@dataclass(frozen=True)
class Kept:
    """What is kept.

    Attributes:
        command: the server's program and its arguments.
        environment: all of the server's environment.
        uid: the user that it runs as.
        gid: the group that it runs as.
        directory: where the lock and the server's data are.
        lock: the lock's file.
        log: the file that the server's output is appended to.
        temporary: remove the directory at last.
    """

    command: Sequence[str]
    environment: dict[str, str]
    uid: int
    gid: int
    directory: str
    lock: str
    log: str
    temporary: bool


PID_FILE = "keeper.pid"
PR_SET_PDEATHSIG = 1
# Fast: sessions are ended, and everything is written. Immediate: the next start recovers. At last, by force.
FAST = ((signal.SIGINT, 30.0), (signal.SIGQUIT, 10.0), (signal.SIGKILL, 10.0))
IMMEDIATE = FAST[1:]


def launch(kept: Kept) -> IO[bytes]:
    """Start a server and its keeper.

    Returns:
        A pipe that comes to its end when both have ended.
    """
    command = [sys.executable, "-I", "-S", __file__, json.dumps(asdict(kept))]
    ours, theirs = os.pipe()
    with Path(kept.log).open("ab") as log, os.fdopen(theirs, "wb") as output:
        subprocess.run(command, cwd="/", stdin=subprocess.DEVNULL, stdout=output, stderr=log, check=False)
    return os.fdopen(ours, "rb")


def detach() -> None:
    """Leave the session, and the parent, of whoever started us: nobody has to wait for us."""
    if os.fork():
        os._exit(0)
    os.setsid()


def start(kept: Kept) -> "subprocess.Popen[bytes]":
    """Start the server, which gets a signal for an immediate stop if this program is killed itself."""
    libc = ctypes.CDLL(None)

    def end_with_the_keeper() -> None:
        for ignored in (signal.SIGINT, signal.SIGQUIT):  # by whatever a shell starts in the background
            signal.signal(ignored, signal.SIG_DFL)
        if sys.platform == "linux":
            libc.prctl(PR_SET_PDEATHSIG, signal.SIGQUIT)

    other = os.geteuid() != kept.uid
    with Path(kept.log).open("ab") as log:
        return subprocess.Popen(
            kept.command,
            env=kept.environment,
            cwd="/",
            user=kept.uid if other else None,
            group=kept.gid if other else None,
            extra_groups=[] if other else None,
            umask=0o077,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
            preexec_fn=end_with_the_keeper,  # noqa: PLW1509 - there is no other thread yet
        )


def stop_when_free(kept: Kept, server: "subprocess.Popen[bytes]", free: threading.Event) -> None:
    """Wait until nobody uses the server, and stop it."""
    with Path(kept.lock).open("rb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        free.set()
        for number, seconds in IMMEDIATE if kept.temporary else FAST:
            server.send_signal(number)
            try:
                server.wait(seconds)
            except subprocess.TimeoutExpired:
                continue
            break
        if kept.temporary:
            # In one step, so that somebody who comes now finds nothing, and not half of it.
            going = f"{kept.directory}.{os.getpid()}.removed"
            Path(kept.directory).rename(going)
            shutil.rmtree(going, ignore_errors=True)


def main(argument: str) -> None:
    """Keep a server until it ends."""
    kept = Kept(**json.loads(argument))
    detach()
    (Path(kept.directory) / PID_FILE).write_text(str(os.getpid()), encoding="ascii")
    server = start(kept)
    free = threading.Event()
    stopping = threading.Thread(target=stop_when_free, args=(kept, server, free), daemon=True)
    stopping.start()
    server.wait()
    if free.is_set():
        stopping.join()


if __name__ == "__main__":
    main(sys.argv[1])
