"""The C shim between SQLite and the kernel: compiled when it is first needed, loaded into writers by the linker."""

import mmap
import os
import shutil
import struct
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

SOURCE = Path(__file__).with_name("shim.c")
_SWITCH_BYTES = 8


def missing() -> str:
    """Say why there can be no shim here; empty if there can."""
    if not sys.platform.startswith("linux"):
        return "the shim is loaded by Linux' linker"
    return "" if shutil.which("gcc") else "there is no gcc to compile the shim with"


def compiled(folder: Path) -> Path:
    """Compile the shim into ``folder``."""
    library = folder / "shim.so"
    command = [
        "gcc",
        "-O2",
        "-Wall",
        "-Werror",
        "-shared",
        "-fPIC",
        "-o",
        str(library),
        str(SOURCE),
        "-ldl",
        "-lpthread",
    ]
    subprocess.run(command, check=True)
    return library


@dataclass(frozen=True, slots=True)
class Shim:
    """How a writer is to be tampered with.

    Attributes:
        library: the compiled shim.
        database: the file whose calls it meets.
        options: what it is to do; see ``shim.c``.
    """

    library: Path
    database: Path
    options: dict[str, str] = field(default_factory=dict[str, str])

    @property
    def environment(self) -> dict[str, str]:
        """The environment of a process with the shim in it."""
        return {**os.environ, "LD_PRELOAD": str(self.library), "SHIM_PATH": str(self.database), **self.options}


class Switch:
    """Says, while a process with the shim runs, what fails in it."""

    FSYNC_EIO = "F"
    WRITE_ENOSPC = "S"
    WRITE_READ_ONLY = "R"

    def __init__(self, shared: mmap.mmap) -> None:
        self._shared = shared

    @classmethod
    @contextmanager
    def at(cls, path: Path) -> Iterator["Switch"]:
        """Make a switch in a file."""
        path.write_bytes(bytes(_SWITCH_BYTES))
        with path.open("r+b") as file, mmap.mmap(file.fileno(), _SWITCH_BYTES) as shared:
            yield cls(shared)

    def on(self, what: str) -> None:
        """From now on, this fails."""
        self._shared[0:1] = what.encode()

    def off(self) -> None:
        """From now on, nothing fails."""
        self._shared[0:1] = b"\0"

    @property
    def failures(self) -> int:
        """How many calls failed so far."""
        return int(struct.unpack("<I", self._shared[4:_SWITCH_BYTES])[0])
