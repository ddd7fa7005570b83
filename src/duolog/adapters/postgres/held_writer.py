"""A transaction as a unit of work holds it: it reads its own writes, for a limited time."""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Sequence
from typing import Any, Final, TypeVar

from duolog.adapters.postgres.boundary_keys import turn_key
from duolog.adapters.postgres.checkpoints import checkpoint_of
from duolog.adapters.postgres.commits import plan_commit
from duolog.adapters.postgres.connecting import Connection
from duolog.adapters.postgres.errors import reported
from duolog.adapters.postgres.reading import Writing
from duolog.adapters.postgres.sql_files import load_sql
from duolog.adapters.postgres.statements import StaleStatementError
from duolog.adapters.postgres.transactions import begin
from duolog.adapters.postgres.work_transactions import WorkTransactions
from duolog.errors import DuologError, HoldExpiredError, NotStartedError, TimeLimitExceededError
from duolog.eventstore.appends import Appended
from duolog.subscriptions.checkpoints import Checkpoint
from duolog.tables.statements import Statement
from duolog.write.sealed_work import SealedWork

R = TypeVar("R")

_MARK: Final = "SAVEPOINT duolog_step"
_KEEP: Final = "RELEASE SAVEPOINT duolog_step; SAVEPOINT duolog_step"
_KEEP_NESTED: Final = _MARK  # to release the former mark would release the savepoints behind it
_UNDO: Final = "ROLLBACK TO SAVEPOINT duolog_step"
_ONLY_READ: Final = "SET LOCAL transaction_read_only = on"


class PostgresHeldWriter(Writing):
    """A `HeldWriter` over an open transaction; each statement in it is undone by itself if it fails.

    Args:
        transactions: gives the connection, and completes the unit.
        seconds: after so long everything is rolled back.
    """

    __slots__ = ("_connection", "_expiry", "_is_clean", "_is_expired", "_is_over", "_lock", "_seconds", "_timer",
                 "_transactions")  # fmt: skip

    def __init__(self, transactions: WorkTransactions, *, seconds: float) -> None:
        super().__init__(transactions.statements)
        self._transactions = transactions
        self._seconds = seconds
        self._lock = asyncio.Lock()
        self._connection: Connection | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._expiry: asyncio.Task[None] | None = None
        self._is_clean = False
        self._is_over = False
        self._is_expired = False

    async def begin(self) -> None:
        """Open the transaction.

        Raises:
            ReadOnlyError: the database was opened to be read only.
            DatabaseBusyError: no connection was free in time.
            DatabaseError: the database failed.
        """
        connections = self._transactions.connections
        connections.refuse_if_read_only()
        self._connection = await connections.take()
        try:
            with reported():
                await self._connection.execute(f"{begin(connections.location, seconds=self._seconds)}; {_MARK}")
        except BaseException:
            await self._let_go()
            raise
        self._is_clean = True
        self._timer = asyncio.get_running_loop().call_later(self._seconds, self._expire)

    def end(self) -> bool:
        """Let nothing further begin, and tell whether `close` has a transaction to roll back."""
        self._is_over = True
        return self._connection is not None

    async def read(self, work: Callable[[Connection], Awaitable[R]]) -> R:
        """Run ``work`` in the open transaction, in which the database refuses writes meanwhile."""

        async def read_only(connection: Connection) -> R:
            with reported():
                await connection.execute(_ONLY_READ)
            try:
                return await work(connection)
            except StaleStatementError as error:
                raise error.failure from None

        return await self._step(read_only, afterwards=_UNDO)

    async def write(
        self, work: Callable[[Connection], Awaitable[R]], *, keeps: bool = True, is_nested: bool = False
    ) -> R:
        """Run ``work``, which may write, in the open transaction; see `Writing.write`."""
        mark = (_KEEP_NESTED if is_nested else _KEEP) if keeps else ""
        return await self._step(work, afterwards=mark)

    async def run(self, statement: Statement) -> int:
        """Run a writing statement now; see `HeldWriter.run`."""
        return await self._step(lambda connection: self.statements.run(connection, statement), afterwards=_KEEP)

    async def await_turn(self, tenant: str, streams: Collection[str]) -> None:
        """Wait for the streams' turns, all of them in one order; see `HeldWriter.await_turn`."""
        keys = sorted({turn_key(tenant, stream) for stream in streams})
        await self._own("await_turns", keys)

    async def live_checkpoints(self, subscription: str) -> Sequence[Checkpoint]:
        """Return the checkpoints of a subscription's live generation; see `HeldWriter.live_checkpoints`."""
        return [checkpoint_of(row) for row in await self._own("read_checkpoints", subscription)]

    async def commit(self, work: SealedWork) -> Appended:
        """Add ``work`` to what was run, commit, and end; see `HeldWriter.commit`."""
        unit = plan_commit(work)
        async with self._lock:
            connection = self._held()
            self._is_clean = False
            try:
                outcome = await self._transactions.complete(connection, unit)
                self._is_clean = True
                return outcome
            finally:
                await self._let_go()

    async def close(self) -> None:
        """Roll back what was not committed, and give the connection back. May be called twice."""
        self.end()
        async with self._lock:
            await self._let_go()
        if self._expiry is not None:
            await asyncio.wait((self._expiry,))

    async def _own(self, name: str, value: object) -> Sequence[Any]:
        sql = load_sql(name, self._transactions.connections.location.schema)

        async def fetch(connection: Connection) -> Sequence[Any]:
            with reported():
                return await connection.fetch(sql, value)

        return await self._step(fetch, afterwards=_KEEP)

    async def _step(self, work: Callable[[Connection], Awaitable[R]], *, afterwards: str) -> R:
        async with self._lock:
            connection = self._held()
            if not self._is_clean:  # whoever ran before was cancelled in the middle
                with reported():
                    await connection.execute(_UNDO)
            self._is_clean = False
            try:
                result = await work(connection)
            except TimeLimitExceededError:
                self._is_expired = True
                await self._let_go()
                raise self._expired() from None
            except Exception:
                with reported():
                    await connection.execute(_UNDO)
                self._is_clean = True
                raise
            if afterwards:
                with reported():
                    await connection.execute(afterwards)
            self._is_clean = True
            return result

    def _held(self) -> Connection:
        if self._is_expired:
            raise self._expired()
        if self._is_over or self._connection is None:
            message = "the writer was given back"
            raise NotStartedError(message, hint="Open a new one for the next unit of work.")
        return self._connection

    def _expire(self) -> None:
        self._is_expired = True
        self._expiry = asyncio.get_running_loop().create_task(self._give_up(), name="duolog-postgres-held-writer")

    async def _give_up(self) -> None:
        async with self._lock:  # a statement that runs has its own limit, which is as long
            await self._let_go()

    async def _let_go(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        connection, self._connection = self._connection, None
        if connection is not None:
            await self._transactions.connections.give_back(connection, doubtful=not self._is_clean)

    def _expired(self) -> DuologError:
        message = f"the transaction was held for more than {self._seconds:g} s; everything was rolled back"
        return HoldExpiredError(message, hint="Do less, or await less, while you hold the writer.")
