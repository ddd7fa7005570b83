"""The last flush of a command's session, which is part of its unit of work's commit."""

from collections.abc import Iterator

from sqlalchemy.util import greenlet_spawn

from duolog.adapters.sqlalchemy.engine import ScopeEngine
from duolog.adapters.sqlalchemy.sessions import ScopeSession
from duolog.errors import WorkAfterCommitError


class LastFlush:
    """A `LateWriter` over a session.

    Args:
        session: what is flushed.
        engine: told when the last flush begins.
    """

    __slots__ = ("_engine", "_sealed", "_session")

    def __init__(self, session: ScopeSession, engine: ScopeEngine) -> None:
        self._session = session
        self._engine = engine
        self._sealed: frozenset[int] | None = None

    @property
    def has_work(self) -> bool:
        """Whether the flush would write."""
        return any(True for _ in self._changed())

    def seal(self) -> None:
        """Take note of what has changed; see `LateWriter.seal`."""
        self._sealed = frozenset(id(entity) for entity in self._changed())

    async def flush(self) -> None:
        """Write what has changed; see `LateWriter.flush`.

        Raises:
            WorkAfterCommitError: an entity was added, changed or deleted after ``commit()``.
            ConflictError: a row is not of the version that was read.
            UnitOfWorkError: an earlier flush failed.
        """
        changed = {id(entity) for entity in self._changed()}
        if self._sealed is not None and not changed <= self._sealed:
            message = "an entity was added, changed or deleted after commit()"
            raise WorkAfterCommitError(message)
        if changed or not self._session.is_active:
            await greenlet_spawn(self._flush)

    def end(self) -> None:
        """Let go of the connection and of every entity; see `LateWriter.end`."""
        self._session.end()

    def _flush(self) -> None:
        connection = self._session.get_bind()
        self._engine.dialect.begin_last_flush(connection.connection.dbapi_connection)
        self._session.flush()

    def _changed(self) -> Iterator[object]:
        session = self._session
        yield from session.new
        yield from session.deleted
        yield from (entity for entity in session.dirty if session.is_modified(entity))
