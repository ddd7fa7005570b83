"""Projections for poisoned logs: a row for each event that was applied, by itself or in sets."""

from collections.abc import Mapping, Sequence
from typing import ClassVar, Final

from duolog.errors import TransientError
from duolog.ids import uuid7
from duolog.messages.envelope import NewEvent, RecordedEvent
from duolog.messages.recorded import Recorded
from duolog.projections.projection import Projection
from duolog.projections.view_database import ViewDatabase
from tests.unit.projections.accounts import AmountMoved

RAISES: Final = 13
REFUSED: Final = -1
PASSES: Final = 7
"""Its fault passes after a time."""

_INSERT: Final = "INSERT INTO applied_view (position, stream, amount) VALUES (:position, :stream, :amount)"


class _Applying(Projection):
    """Refuses an amount of 13 itself; its table refuses those below 0."""

    name, version, partitions = "applied_view", 1, 4
    tables: ClassVar[Mapping[str, str]] = {
        "applied_view": """
            CREATE TABLE applied_view (
                position BIGINT PRIMARY KEY, stream TEXT NOT NULL, amount BIGINT NOT NULL CHECK (amount >= 0)
            )"""
    }
    is_repaired: ClassVar[bool] = False
    passing: ClassVar[dict[int, int]] = {}

    def __init__(self, db: ViewDatabase) -> None:
        self._db = db

    def row(self, event: AmountMoved, recorded: RecordedEvent) -> Mapping[str, object]:
        if event.amount == RAISES and not self.is_repaired:
            raise ValueError(recorded.stream)
        if event.amount == PASSES and self.passing.setdefault(recorded.position, 3):
            self.passing[recorded.position] -= 1
            raise TransientError(recorded.stream)
        return {"position": recorded.position, "stream": recorded.stream, "amount": event.amount}


class Applied(_Applying):
    """Event by event."""

    name, version, partitions = "applied_view", 1, 4

    async def on_moved(self, event: AmountMoved, recorded: RecordedEvent) -> None:
        await self._db.execute(_INSERT, self.row(event, recorded))


class Repaired(Applied):
    """The next release."""

    name, version, partitions = "applied_view", 1, 4
    is_repaired = True


class AppliedInSets(_Applying):
    """The same by sets."""

    name, version, partitions = "applied_view", 1, 4

    async def on_batch(self, events: Sequence[Recorded[AmountMoved]]) -> None:
        await self._db.execute_many(_INSERT, [self.row(each.event, each.recorded) for each in events])


def undecodable() -> NewEvent:
    return NewEvent(uuid7(), "account.moved", 1, b'{"amount":"one"}')


def unknown() -> NewEvent:
    return NewEvent(uuid7(), "account.moved", 2, b'{"amount":1}')
