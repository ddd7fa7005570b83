"""What one unit of work has open: a snapshot that it reads, and the writer once it was taken."""

from duolog.tables.ports import ReadSession
from duolog.write.sealed_work import HeldWriter, WorkCommitter


class UnitSessions:
    """The reader and the held writer of one unit of work.

    Args:
        committer: opens them.

    Attributes:
        held: the writer, while it is held.
    """

    __slots__ = ("_committer", "_reader", "held")

    def __init__(self, committer: WorkCommitter) -> None:
        self._committer = committer
        self._reader: ReadSession | None = None
        self.held: HeldWriter | None = None

    @property
    def are_open(self) -> bool:
        """Whether there is anything to close."""
        return self._reader is not None or self.held is not None

    @property
    def reader(self) -> ReadSession:
        """The held writer, else one snapshot of the application's tables."""
        if self.held is not None:
            return self.held
        if self._reader is None:
            self._reader = self._committer.open_reader()
        return self._reader

    async def hold_writer(self, *, seconds: float) -> HeldWriter:
        """Take the writer, which is what is read from then on; see `WorkCommitter.hold_writer`."""
        await self.close_reader()
        held = self.held = await self._committer.hold_writer(seconds=seconds)
        return held

    async def close_reader(self) -> None:
        """Give the reader's connection back, before another one is waited for.

        Whoever holds one and waits for a second could wait for others that do the same.
        """
        reader, self._reader = self._reader, None
        if reader is not None:
            await reader.close()

    async def close(self) -> None:
        """Close both; what was not committed is rolled back. May be called twice."""
        held, self.held = self.held, None
        try:
            await self.close_reader()
        finally:
            if held is not None:
                await held.close()
