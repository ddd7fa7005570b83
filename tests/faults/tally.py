"""A projection for these experiments: totals by stream, and which events are in them."""

import json
import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Final

import asyncpg

from duolog import Application, Projection, RecordedEvent, ViewDatabase, event
from duolog.testing import application

CHECKPOINTS: Final = "SELECT lo, hi, position FROM {schema}checkpoints WHERE subscription = 'tally_view'"
TOTALS: Final = "SELECT stream, total FROM tally_view"
SEEN: Final = "SELECT position FROM tally_seen"
EVENTS: Final = "SELECT position, stream, data, partition FROM {schema}events"


@event("tally.counted")
@dataclass(frozen=True, slots=True)
class Counted:
    amount: int


class TallyProjection(Projection):
    """For odd amounts it reads what it wrote, so that it holds the writer; for even ones it only writes."""

    name, version, partitions = "tally_view", 1, 2
    tables: ClassVar[Mapping[str, str]] = {
        "tally_view": "CREATE TABLE tally_view (stream TEXT PRIMARY KEY, total BIGINT NOT NULL)",
        "tally_seen": "CREATE TABLE tally_seen (position BIGINT NOT NULL)",  # not unique: a second time must show
    }

    def __init__(self, db: ViewDatabase) -> None:
        self._db = db

    async def on_counted(self, event: Counted, recorded: RecordedEvent) -> None:
        row: dict[str, object] = {"stream": recorded.stream, "amount": event.amount}
        if event.amount % 2:
            total = await self._db.fetch_value("SELECT total FROM tally_view WHERE stream = :s", {"s": recorded.stream})
            row["amount"] = event.amount + int(total or 0)
            await self._db.execute(
                "INSERT INTO tally_view VALUES (:stream, :amount)"
                " ON CONFLICT (stream) DO UPDATE SET total = excluded.total",
                row,
            )
        else:
            await self._db.execute(
                "INSERT INTO tally_view VALUES (:stream, :amount)"
                " ON CONFLICT (stream) DO UPDATE SET total = tally_view.total + excluded.total",
                row,
            )
        await self._db.execute("INSERT INTO tally_seen VALUES (:position)", {"position": recorded.position})


@dataclass(frozen=True, slots=True)
class Logged:
    """An event of the log.

    Attributes:
        stream: its stream.
        amount: what is counted.
        partition: the stream's bucket.
    """

    stream: str
    amount: int
    partition: int


@dataclass(frozen=True, slots=True)
class Tally:
    """What a database holds.

    Attributes:
        checkpoints: how far each share is, by its first and its last bucket; none if there is no view yet.
        totals: the view.
        seen: positions of the events in the view, as often as they are in it.
        log: by position.
    """

    checkpoints: Mapping[tuple[int, int], int]
    totals: Mapping[str, int]
    seen: Sequence[int]
    log: Mapping[int, Logged]

    @classmethod
    def of(cls, path: Path) -> "Tally":
        """Read a database file with plain SQLite."""
        with closing(sqlite3.connect(path)) as connection:
            tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_master")}
            return cls._made(
                connection.execute(CHECKPOINTS.format(schema="duolog_")).fetchall(),
                connection.execute(TOTALS).fetchall() if "tally_view" in tables else (),
                connection.execute(SEEN).fetchall() if "tally_view" in tables else (),
                connection.execute(EVENTS.format(schema="duolog_")).fetchall(),
            )

    @classmethod
    async def on(cls, url: str) -> "Tally":
        """Read a database of PostgreSQL with plain SQL, in one snapshot."""
        connection = await asyncpg.connect(url)
        try:
            async with connection.transaction(isolation="repeatable_read"):
                is_there = await connection.fetchval("SELECT to_regclass('tally_view') IS NOT NULL")
                return cls._made(
                    await connection.fetch(CHECKPOINTS.format(schema='"duolog".')),
                    await connection.fetch(TOTALS) if is_there else (),
                    await connection.fetch(SEEN) if is_there else (),
                    await connection.fetch(EVENTS.format(schema='"duolog".')),
                )
        finally:
            await connection.close()

    @classmethod
    def _made(
        cls, checkpoints: Iterable[Any], totals: Iterable[Any], seen: Iterable[Any], events: Iterable[Any]
    ) -> "Tally":
        return cls(
            {(lo, hi): position for lo, hi, position in checkpoints},
            {stream: total for stream, total in totals},  # noqa: C416 - the driver's rows are no pairs
            [position for (position,) in seen],
            {
                position: Logged(stream, json.loads(data)["amount"], partition)
                for position, stream, data, partition in events
            },
        )

    def applied(self, position: int) -> bool:
        """Tell whether the checkpoint of an event's share is at the event, or behind it."""
        partition = self.log[position].partition
        return any(position <= at for (lo, hi), at in self.checkpoints.items() if lo <= partition <= hi)

    def folded(self) -> Mapping[str, int]:
        """Fold what the shares have applied, in the simplest way."""
        totals: dict[str, int] = {}
        for position in sorted(self.log):
            if self.applied(position):
                event = self.log[position]
                totals[event.stream] = totals.get(event.stream, 0) + event.amount
        return totals


def tally(url: str) -> Application:
    """Make an application that keeps the tally."""
    return application(database=url, projections=[TallyProjection], events=[Counted])


async def count(app: Application, stream: str, *amounts: int) -> None:
    """Append amounts."""
    await app.database.store.append(stream, [app.codec.encode(Counted(amount)) for amount in amounts])


async def project(url: str) -> None:
    """Project what is there, then what comes, and close."""
    async with tally(url) as app:
        await app.caught_up(timeout=30)
        await count(app, "late-1", 5, 6)
        await count(app, "late-2", 7)
        await app.caught_up(timeout=30)
