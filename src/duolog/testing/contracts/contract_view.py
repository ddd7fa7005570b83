"""The view that the contracts of views work on."""

from typing import Final

import pytest

from duolog.database.port import Database, View
from duolog.projections.view_database import ViewSession
from duolog.subscriptions.checkpoints import Checkpoint, CheckpointMove
from duolog.subscriptions.parking import ParkedEvent, ParkReason
from duolog.subscriptions.share import Share

TABLES: Final = {
    "contract_view": """
        CREATE TABLE contract_view (id TEXT PRIMARY KEY, hits INTEGER NOT NULL);
        CREATE INDEX contract_view_hits ON contract_view (hits);
    """
}
VIEW: Final = View("contract_view", 1, TABLES)
SHARE: Final = Share(VIEW.subscription)
INSERT: Final = "INSERT INTO contract_view (id, hits) VALUES (:id, :hits)"
SELECT: Final = "SELECT id, hits FROM contract_view ORDER BY id"


def moved(old: int, new: int, *, token: int = 0, version: int = 1) -> CheckpointMove:
    """Make the move of the contract's view."""
    return CheckpointMove(SHARE, version, token, old, new)


def parked_event(position: int, key: str = "user-1") -> ParkedEvent:
    """Make a parked event of the contract's view."""
    return ParkedEvent(VIEW.subscription, "acme", key, position, "user.created", ParkReason.HANDLER_RAISED, "E", "T")


async def view_rows(database: Database) -> dict[str, int]:
    """Return the view's rows."""
    reader = database.open_reader()
    try:
        return {row["id"]: row["hits"] for row in await reader.fetch(SELECT)}
    finally:
        await reader.close()


async def view_position(database: Database) -> int:
    """Return where the view's checkpoint is."""
    return (await view_checkpoint(database)).position


async def view_checkpoint(database: Database) -> Checkpoint:
    """Return the checkpoint of the view's only share."""
    (checkpoint,) = await database.checkpoints.read(VIEW.subscription)
    return checkpoint


async def insert_row(database: Database, key: str, move: CheckpointMove) -> None:
    """Insert a row and move the checkpoint, in a session of its own."""
    session = database.open_view(VIEW)
    try:
        await session.execute(INSERT, {"id": key, "hits": 1})
        await session.commit(move)
    finally:
        await session.close()


class PreparedView:
    """Base of the contracts of views. Supply a ``database`` fixture: an open, empty `Database`."""

    @pytest.fixture
    async def session(self, database: Database) -> ViewSession:
        """The session of one batch of a view that is prepared."""
        await database.prepare_view(VIEW)
        return database.open_view(VIEW)
