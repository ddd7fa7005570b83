"""A committer that loses sight of its commits, to test what is made of outcomes that are unknown."""

from duolog.errors import DatabaseError, OutcomeUnknownError
from duolog.eventstore.appends import Appended
from duolog.tables.ports import ReadSession
from duolog.write.sealed_work import HeldWriter, SealedWork, WorkCommitter


class UnsureCommitter:
    """A `WorkCommitter` whose every commit ends with `OutcomeUnknownError`.

    Args:
        inner: the committer behind it.
        commits: whether the work is committed before its outcome gets lost.
        settles: whether the database can be asked afterwards.

    Attributes:
        sent: how many commits were asked for.
    """

    def __init__(self, inner: WorkCommitter, *, commits: bool, settles: bool = True) -> None:
        self._inner = inner
        self._commits = commits
        self._settles = settles
        self.sent = 0

    async def commit(self, work: SealedWork) -> Appended:
        """Commit, or not, and lose the outcome.

        Raises:
            OutcomeUnknownError: always.
        """
        self.sent += 1
        if self._commits:
            await self._inner.commit(work)
        message = "the connection was lost in the middle of a commit"
        raise OutcomeUnknownError(message)

    async def settle(self) -> None:
        """Settle, if it is to be possible; see `WorkCommitter.settle`."""
        if not self._settles:
            message = "the connection is still lost"
            raise DatabaseError(message)
        await self._inner.settle()

    def open_reader(self) -> ReadSession:
        """Open a session that reads one snapshot."""
        return self._inner.open_reader()

    async def hold_writer(self, *, seconds: float) -> HeldWriter:
        """Take the writer; its commit is not lost."""
        return await self._inner.hold_writer(seconds=seconds)
