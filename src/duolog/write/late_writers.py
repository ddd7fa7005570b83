"""Those who write when a unit of work commits and not before, like the session of an object-relational mapper."""

from typing import Protocol


class LateWriter(Protocol):
    """Keeps changes to itself until the unit of work that it joined is committed."""

    @property
    def has_work(self) -> bool:
        """Whether its flush would change something, or it has written something."""
        ...

    def seal(self) -> None:
        """Take note of what is to be written: what comes after it is to be refused by `flush`."""
        ...

    async def flush(self) -> None:
        """Write, by staging statements or through the unit's held writer; the commit follows at once.

        Raises:
            WorkAfterCommitError: something came after the seal.
            Exception: the unit of work cannot be committed.
        """
        ...

    def end(self) -> None:
        """Let go of everything: the unit of work was committed or rolled back. May be called twice."""
        ...


class LateWriters:
    """The late writers of one unit of work, in the order they joined."""

    __slots__ = ("_writers",)

    def __init__(self) -> None:
        self._writers: list[LateWriter] = []

    def __bool__(self) -> bool:
        """Whether there is any."""
        return bool(self._writers)

    @property
    def have_work(self) -> bool:
        """Whether any of them has work."""
        return any(writer.has_work for writer in self._writers)

    def add(self, writer: LateWriter) -> None:
        """Add one."""
        self._writers.append(writer)

    def seal(self) -> None:
        """Seal them all."""
        for writer in self._writers:
            writer.seal()

    async def flush(self) -> None:
        """Let them all write; see `LateWriter.flush`."""
        for writer in self._writers:
            await writer.flush()

    def end(self) -> None:
        """End them all, and forget them."""
        writers, self._writers = self._writers, []
        for writer in writers:
            writer.end()
