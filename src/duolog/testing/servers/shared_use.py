"""Who uses a directory, across processes: locks that the system gives back when their holder ends, however it ends."""

import fcntl
import os
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Final

_TURN: Final = "turn.lock"
_USE: Final = "use.lock"


class SharedUse:
    """One's own use of a directory that others may use as well.

    Args:
        directory: the directory; it is made when it is missing.
        mode: the permissions it is made with.
    """

    def __init__(self, directory: Path, mode: int) -> None:
        self.directory: Final = directory
        self._mode = mode
        self._held: IO[bytes] | None = None

    @property
    def lock(self) -> Path:
        """The file on which every user holds a shared lock: who gets the exclusive one knows that nobody is left."""
        return self.directory / _USE

    @contextmanager
    def turn(self) -> Generator[None]:
        """Use the directory from now on, and be the only one that changes it for the length of the ``with`` block.

        While somebody is about to remove the directory, this waits, and makes a new one.
        """
        while True:
            if not self.directory.exists():
                self.directory.mkdir(parents=True, exist_ok=True)
                self.directory.chmod(self._mode)
            try:
                turn = (self.directory / _TURN).open("ab")
            except FileNotFoundError:
                continue  # removed meanwhile
            with turn:
                fcntl.flock(turn, fcntl.LOCK_EX)
                if _is_at(turn, self.directory / _TURN) and self._hold():
                    yield
                    return

    def _hold(self) -> bool:
        if self._held is None:
            held = self.lock.open("ab")
            fcntl.flock(held, fcntl.LOCK_SH)
            if not _is_at(held, self.lock):
                held.close()
                return False
            self._held = held
        return True

    def is_last(self) -> bool:
        """Tell whether nobody else uses the directory; if others do, one's own use ends here."""
        if self._held is None:
            return False
        try:
            fcntl.flock(self._held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            self.release()
            return False
        return True

    def release(self) -> None:
        """End one's own use; may be called twice."""
        if self._held is not None:
            fcntl.flock(self._held, fcntl.LOCK_UN)  # also for a fork of this process, which has the file open as well
            self._held.close()
            self._held = None


def _is_at(file: IO[bytes], path: Path) -> bool:
    """Tell whether an open file is still the one at a path."""
    try:
        there = path.stat()
    except FileNotFoundError:
        return False
    return os.path.samestat(os.fstat(file.fileno()), there)
