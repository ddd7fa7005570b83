"""Tables in memory: one SQLite connection, and the lock that says whose turn at it is."""

import asyncio
import math
import sqlite3
import time
from collections.abc import Generator
from contextlib import contextmanager
from typing import Final

from duolog.adapters._sql.errors import DRIVER_ERRORS, database_error, is_interrupt
from duolog.adapters._sql.sql_files import load_sql
from duolog.errors import DatabaseError, NotStartedError, TimeLimitExceededError

_PROGRESS_STEPS: Final = 1_000
_SCHEDULING: Final = load_sql("create_scheduling")


class Tables:
    """The connection. Whoever uses it holds ``turn``, so that nobody sees what another one has not committed.

    Attributes:
        turn: held by a unit of work, a batch of a projection or a fetch; first come, first served.
    """

    __slots__ = ("_connection", "turn")

    def __init__(self) -> None:
        self._connection: sqlite3.Connection | None = None
        self.turn = asyncio.Lock()

    def open(self) -> None:
        """Connect, on the thread that will use it."""
        if self._connection is None:
            self._connection = sqlite3.connect(":memory:", isolation_level=None)
            self._connection.execute("PRAGMA foreign_keys = ON")
            self._connection.executescript(_SCHEDULING)

    def close(self) -> None:
        """Disconnect; the tables are gone."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    @property
    def connection(self) -> sqlite3.Connection:
        """The connection.

        Raises:
            NotStartedError: the database is not open.
        """
        if self._connection is None:
            message = "the database in memory is not open"
            raise NotStartedError(message, hint="Call `await database.open()` first, and `close()` last.")
        return self._connection

    def begin(self) -> None:
        """Begin a transaction."""
        self.connection.execute("BEGIN")

    def commit(self) -> None:
        """Commit the transaction.

        Raises:
            ConstraintViolationError: a deferred constraint does not hold; the transaction is still open.
            DatabaseError: a statement of the application has ended the transaction.
        """
        self._check_in_transaction()
        try:
            self.connection.execute("COMMIT")
        except DRIVER_ERRORS as error:
            raise database_error(error) from error

    def rollback(self) -> None:
        """Roll back; does nothing without a transaction."""
        if self._connection is not None and self._connection.in_transaction:
            self._connection.execute("ROLLBACK")

    @contextmanager
    def transaction(self) -> Generator[sqlite3.Connection, None, None]:
        """Begin a transaction, and roll back what is not committed at the end."""
        self.begin()
        try:
            yield self.connection
        finally:
            self.rollback()

    @contextmanager
    def savepoint(self) -> Generator[sqlite3.Connection, None, None]:
        """Undo in the open transaction what is done inside, if it raises.

        Raises:
            DatabaseError: a statement of the application has ended the transaction.
        """
        self._check_in_transaction()
        self.connection.execute("SAVEPOINT duolog")
        try:
            yield self.connection
        except BaseException:
            if self.connection.in_transaction:
                self.connection.execute("ROLLBACK TO duolog")
                self.connection.execute("RELEASE duolog")
            raise
        self.connection.execute("RELEASE duolog")

    @contextmanager
    def reading(self, seconds: float | None) -> Generator[sqlite3.Connection, None, None]:
        """Let nothing be written meanwhile.

        Args:
            seconds: time limit of the statement inside; None for none.

        Raises:
            TimeLimitExceededError: it took longer; it was interrupted.
        """
        connection = self.connection
        connection.execute("PRAGMA query_only = ON")
        deadline = math.inf if seconds is None else time.monotonic() + seconds
        connection.set_progress_handler(lambda: time.monotonic() > deadline, _PROGRESS_STEPS)
        try:
            yield connection
        except DatabaseError as error:
            if seconds is not None and isinstance(error.__cause__, Exception) and is_interrupt(error.__cause__):
                message = f"a statement took longer than {seconds:g} s"
                raise TimeLimitExceededError(message, seconds=seconds) from error
            raise
        finally:
            connection.set_progress_handler(None, 0)
            connection.execute("PRAGMA query_only = OFF")

    def _check_in_transaction(self) -> None:
        if not self.connection.in_transaction:
            message = "a statement has rolled the transaction back"
            raise DatabaseError(message, hint="Leave `OR ROLLBACK` and `RAISE(ROLLBACK, ...)` out of the SQL.")
