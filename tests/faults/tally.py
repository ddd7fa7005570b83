"""A projection for these experiments: totals by stream, and which events are in them."""

import json
import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from duolog import Application, Projection, RecordedEvent, ViewDatabase, event
from duolog.testing import application


@event("tally.counted")
@dataclass(frozen=True, slots=True)
class Counted:
    amount: int


class TallyProjection(Projection):
    """For odd amounts it reads what it wrote, so that it holds the writer; for even ones it only writes."""

    name, version = "tally_view", 1
    tables: ClassVar[Mapping[str, str]] = {
        "tally_view": "CREATE TABLE tally_view (stream TEXT PRIMARY KEY, total INTEGER NOT NULL)",
        "tally_seen": "CREATE TABLE tally_seen (position INTEGER NOT NULL)",  # not unique: a second time must show
    }

    def __init__(self, db: ViewDatabase) -> None:
        self._db = db

    async def on_counted(self, event: Counted, recorded: RecordedEvent) -> None:
        row: dict[str, object] = {"stream": recorded.stream, "amount": event.amount}
        if event.amount % 2:
            total = await self._db.fetch_value("SELECT total FROM tally_view WHERE stream = :s", {"s": recorded.stream})
            row["amount"] = event.amount + int(total or 0)
            await self._db.execute("INSERT OR REPLACE INTO tally_view VALUES (:stream, :amount)", row)
        else:
            await self._db.execute(
                "INSERT INTO tally_view VALUES (:stream, :amount)"
                " ON CONFLICT (stream) DO UPDATE SET total = total + :amount",
                row,
            )
        await self._db.execute("INSERT INTO tally_seen VALUES (:position)", {"position": recorded.position})


@dataclass(frozen=True, slots=True)
class Tally:
    """What a database file holds.

    Attributes:
        checkpoint: how far the view is; 0 if there is none yet.
        totals: the view.
        seen: positions of the events in the view, as often as they are in it.
        log: by position, stream and amount.
    """

    checkpoint: int
    totals: Mapping[str, int]
    seen: Sequence[int]
    log: Mapping[int, tuple[str, int]]

    @classmethod
    def of(cls, path: Path) -> "Tally":
        """Read a database file with plain SQLite."""
        with closing(sqlite3.connect(path)) as connection:
            tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_master")}
            there = "tally_view" in tables
            row = connection.execute(
                "SELECT position FROM duolog_checkpoints WHERE subscription = 'tally_view'"
            ).fetchone()
            return cls(
                row[0] if row else 0,
                dict(connection.execute("SELECT stream, total FROM tally_view") if there else ()),
                [position for (position,) in (connection.execute("SELECT position FROM tally_seen") if there else ())],
                {
                    position: (stream, json.loads(data)["amount"])
                    for position, stream, data in connection.execute("SELECT position, stream, data FROM duolog_events")
                },
            )

    def folded(self, positions: Iterable[int]) -> Mapping[str, int]:
        """Fold events of the log in the simplest way."""
        totals: dict[str, int] = {}
        for position in positions:
            stream, amount = self.log[position]
            totals[stream] = totals.get(stream, 0) + amount
        return totals


def tally(path: Path) -> Application:
    """Make an application that keeps the tally in a file."""
    return application(database=f"sqlite:///{path}", projections=[TallyProjection], events=[Counted])


async def count(app: Application, stream: str, *amounts: int) -> None:
    """Append amounts."""
    await app.database.store.append(stream, [app.codec.encode(Counted(amount)) for amount in amounts])


async def project(path: Path) -> None:
    """Project what is there, then what comes, and close."""
    async with tally(path) as app:
        await app.caught_up()
        await count(app, "late-1", 5, 6)
        await count(app, "late-2", 7)
        await app.caught_up()
