"""Looking events up by id, for many at once: while one query runs, the next gathers."""

import asyncio
from collections.abc import Sequence
from typing import Final
from uuid import UUID

from duolog.adapters.postgres.connections import Connections
from duolog.adapters.postgres.event_rows import events_from_rows, load_event_sql
from duolog.errors import DatabaseError, DuologError
from duolog.messages.envelope import RecordedEvent

MOST_IDS: Final = 10_000

_Waiter = tuple[Sequence[UUID], "asyncio.Future[dict[UUID, RecordedEvent]]"]


class LookUps:
    """Finds recorded events. On a hot boundary dozens of losers ask at the same moment.

    Args:
        connections: where to look.
    """

    __slots__ = ("_connections", "_runner", "_sql", "_waiting")

    def __init__(self, connections: Connections) -> None:
        self._connections = connections
        self._sql = load_event_sql("read_events_by_id", connections.location.schema)
        self._waiting: list[_Waiter] = []
        self._runner: asyncio.Task[None] | None = None

    async def find(self, ids: Sequence[UUID]) -> dict[UUID, RecordedEvent]:
        """Return those of the events that are in the log, by id, as they are after this call began.

        Raises:
            DatabaseError: looking failed.
        """
        future: asyncio.Future[dict[UUID, RecordedEvent]] = asyncio.get_running_loop().create_future()
        self._waiting.append((ids, future))
        if self._runner is None:
            self._runner = asyncio.create_task(self._run(), name="duolog-postgres-look-up")
        return await future

    async def _run(self) -> None:
        try:
            while self._waiting:
                batch = self._take()
                try:
                    await self._answer(batch)
                except Exception as error:  # noqa: BLE001 - every waiter must hear of it
                    _fail(batch, error)
        finally:
            self._runner = None

    def _take(self) -> list[_Waiter]:
        batch, count = list[_Waiter](), 0
        while self._waiting and (not batch or count + len(self._waiting[0][0]) <= MOST_IDS):
            batch.append(self._waiting.pop(0))
            count += len(batch[-1][0])
        return batch

    async def _answer(self, batch: Sequence[_Waiter]) -> None:
        rows = await self._connections.fetch(self._sql, [each for ids, _ in batch for each in ids])
        found = {event.event_id: event for event in events_from_rows(rows)}
        for ids, future in batch:
            if not future.done():
                future.set_result({each: found[each] for each in ids if each in found})


def _fail(batch: Sequence[_Waiter], error: Exception) -> None:
    reason = error.message if isinstance(error, DuologError) else type(error).__name__
    for _, future in batch:
        if not future.done():
            told = DatabaseError(f"events could not be looked up: {reason}")
            told.__cause__ = error
            future.set_exception(told)
