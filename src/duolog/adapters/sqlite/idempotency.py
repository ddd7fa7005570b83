"""Idempotency keys, in the transaction of what was executed with them."""

import sqlite3
import time
from typing import Final

from duolog.adapters.sqlite.readers import Readers
from duolog.adapters.sqlite.sql_files import load_sql
from duolog.adapters.sqlite.units import Action
from duolog.adapters.sqlite.writer import Writer
from duolog.errors import IdempotencyKeyTakenError
from duolog.eventstore.appends import NOTHING_APPENDED, Appended
from duolog.write.held_keys import HeldKeys
from duolog.write.idempotency import (
    IdempotencyRecord,
    IdempotencyScope,
    StoredAnswer,
    decode_outcome,
    encode_outcome,
)

_CLAIM: Final = load_sql("claim_idempotency_key")
_NOTE: Final = load_sql("note_idempotency_outcome")
_KEEP_SHOWN: Final = load_sql("keep_shown_answer")
_READ: Final = load_sql("read_idempotency_key")
_OLDEST: Final = load_sql("oldest_idempotency_key")
_SWEEP: Final = load_sql("sweep_idempotency_keys")


class SqliteIdempotencyStore:
    """An `IdempotencyStore`.

    Args:
        writer: forgets keys, in its thread.
        readers: where connections for reading come from.
    """

    __slots__ = ("_held", "_readers", "_writer")

    def __init__(self, writer: Writer, readers: Readers) -> None:
        self._writer = writer
        self._readers = readers
        self._held = HeldKeys()

    async def find(self, scope: IdempotencyScope, key: str) -> StoredAnswer | None:
        """Return what is committed under a key; None if nothing is."""
        values = _place(scope, key)
        row = await self._readers.run(lambda connection: connection.execute(_READ, values).fetchone())
        return None if row is None else StoredAnswer(row[0], row[1], decode_outcome(row[2]), row[3])

    async def hold(self, scope: IdempotencyScope, key: str) -> bool:
        """Try to hold a key in this process; see `IdempotencyStore.hold`."""
        return self._held.hold(scope, key)

    def let_go(self, scope: IdempotencyScope, key: str) -> None:
        """Let a key go; see `IdempotencyStore.let_go`."""
        self._held.let_go(scope, key)

    async def keep_shown(self, scope: IdempotencyScope, key: str, shown: str) -> None:
        """Keep what was made of a key's outcome, in a transaction of its own; see `IdempotencyStore.keep_shown`."""
        values = {**_place(scope, key), "shown": shown}
        await self._writer.run(Action(lambda connection: connection.execute(_KEEP_SHOWN, values).rowcount))

    async def sweep(self, *, seconds: float, limit: int = 1_000) -> int:
        """Forget old keys, by the clock of the machine; see `IdempotencyStore.sweep`."""
        until = _now() - round(seconds * 1_000_000)
        oldest = await self._readers.run(lambda connection: connection.execute(_OLDEST).fetchone()[0])
        if oldest is None or oldest > until:
            return 0  # the writer need not be asked
        values = {"until": until, "limit": limit}
        return await self._writer.run(Action(lambda connection: connection.execute(_SWEEP, values).rowcount))


def claim_key(connection: sqlite3.Connection, record: IdempotencyRecord, outcome: Appended = NOTHING_APPENDED) -> None:
    """Store a key in the open transaction.

    Raises:
        IdempotencyKeyTakenError: it is stored already.
    """
    values = {
        **_place(record.scope, record.key),
        "fingerprint": record.fingerprint,
        "result": record.result.decode(),
        "outcome": encode_outcome(outcome),
        "now": _now(),
    }
    if connection.execute(_CLAIM, values).rowcount == 0:
        message = "another unit of work has committed this idempotency key"
        raise IdempotencyKeyTakenError(message)


def note_outcome(connection: sqlite3.Connection, record: IdempotencyRecord, outcome: Appended) -> None:
    """Store what was appended under a key that this transaction has claimed."""
    connection.execute(_NOTE, {**_place(record.scope, record.key), "outcome": encode_outcome(outcome)})


def _place(scope: IdempotencyScope, key: str) -> dict[str, str]:
    return {"tenant": scope.tenant, "actor": scope.actor, "operation": scope.operation, "key": key}


def _now() -> int:
    return time.time_ns() // 1_000
