"""Rebuilds what a disk may hold after a power cut, from the recorded writes and syncs of a process.

A disk keeps everything written before a file's last sync. Of what was written since, each block may hold any of the
states it went through, whatever other blocks do: the kernel writes pages back when it likes, and disks reorder.
A file's -shm is memory, so a power cut takes it; what is printed stands in the same record, as writes to a third file.
"""

import random
import struct
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path

_HEAD = struct.Struct("<cBQI")
_BLOCKS = (512, 4_096)


class File(Enum):
    """Which file a call was for, as in ``shim.c``."""

    DATABASE = 0
    WAL = 1
    ACKS = 2


@dataclass(frozen=True, slots=True)
class Call:
    """A recorded call.

    Attributes:
        kind: W for a write, S for a sync, T for a truncation.
        file: which file it was for.
        offset: where the write begins, or the length after a truncation.
        data: what was written.
    """

    kind: str
    file: File
    offset: int
    data: bytes


def recorded_calls(log: Path) -> list[Call]:
    """Read the shim's record."""
    return list(_calls(log.read_bytes()))


def _calls(record: bytes) -> Iterator[Call]:
    at = 0
    while at < len(record):
        kind, file, offset, length = _HEAD.unpack_from(record, at)
        at += _HEAD.size
        yield Call(kind.decode(), File(file), offset, record[at : at + length])
        at += length


@dataclass(slots=True)
class _Contents:
    """One file: what its last sync made durable, and what was done to it since."""

    durable: bytearray
    pending: list[Call] = field(default_factory=list[Call])

    def add(self, call: Call) -> None:
        if call.kind != "S":
            self.pending.append(call)
            return
        for each in self.pending:
            _apply(self.durable, each, each.offset, each.data)
        self.pending.clear()


class Disk:
    """A disk on which calls are replayed.

    Args:
        base: what the database file held, durably, before the first call.
    """

    def __init__(self, base: bytes) -> None:
        self._files = {File.DATABASE: _Contents(bytearray(base)), File.WAL: _Contents(bytearray())}
        self.printed: list[str] = []

    def replay(self, calls: Sequence[Call]) -> None:
        """Do what was recorded."""
        for call in calls:
            if call.file is File.ACKS:
                self.printed.append(call.data.decode())
            else:
                self._files[call.file].add(call)

    def after_power_cut(self, chance: random.Random) -> tuple[dict[File, bytes], int]:
        """Return what the files may hold if the power went now, and how many unsynced blocks were dropped."""
        images: dict[File, bytes] = {}
        dropped = 0
        for file, contents in self._files.items():
            image, lost = _survivors(contents, chance)
            images[file] = image
            dropped += lost
        return images, dropped


def _survivors(contents: _Contents, chance: random.Random) -> tuple[bytes, int]:
    block = chance.choice(_BLOCKS)
    kept = chance.choice((0.0, 1.0, chance.random()))
    pieces = [(call, piece) for call in contents.pending for piece in _pieces(call, block)]
    writes = Counter(at // block for call, (at, _) in pieces if call.kind == "W")
    # A block that is not kept as it is holds one of its earlier states.
    until = {at: count if chance.random() < kept else chance.randrange(count) for at, count in writes.items()}
    image = bytearray(contents.durable)
    seen: Counter[int] = Counter()
    for call, (at, data) in pieces:
        if call.kind == "T":
            if chance.random() < kept:
                _apply(image, call, at, data)
            continue
        number = at // block
        seen[number] += 1
        if seen[number] <= until[number]:
            _apply(image, call, at, data)
    return bytes(image), sum(count - until[at] for at, count in writes.items())


def _pieces(call: Call, block: int) -> Iterator[tuple[int, bytes]]:
    if call.kind == "T":
        yield call.offset, b""
        return
    at, end = call.offset, call.offset + len(call.data)
    while at < end:
        stop = min(end, (at // block + 1) * block)
        yield at, call.data[at - call.offset : stop - call.offset]
        at = stop


def _apply(image: bytearray, call: Call, at: int, data: bytes) -> None:
    if call.kind == "T":
        del image[at:]
        image.extend(bytes(at - len(image)))
        return
    if len(image) < at:
        image.extend(bytes(at - len(image)))
    image[at : at + len(data)] = data
