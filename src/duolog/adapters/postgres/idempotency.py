"""Idempotency keys, in the transaction of what was executed with them."""

from duolog.adapters.postgres.connecting import Connection
from duolog.adapters.postgres.connections import Connections
from duolog.adapters.postgres.held_keys import HeldKeys
from duolog.adapters.postgres.sql_files import load_sql
from duolog.errors import IdempotencyKeyTakenError
from duolog.eventstore.appends import NOTHING_APPENDED, Appended
from duolog.write.idempotency import (
    IdempotencyRecord,
    IdempotencyScope,
    StoredAnswer,
    decode_outcome,
    encode_outcome,
)


class PostgresIdempotencyStore:
    """An `IdempotencyStore`.

    Args:
        connections: where connections come from.
    """

    __slots__ = ("_connections", "_held", "_schema")

    def __init__(self, connections: Connections) -> None:
        self._connections = connections
        self._held = HeldKeys(connections.location)
        self._schema = connections.location.schema

    async def find(self, scope: IdempotencyScope, key: str) -> StoredAnswer | None:
        """Return what is committed under a key; None if nothing is."""
        sql = load_sql("read_idempotency_key", self._schema)
        row = await self._connections.fetch_row(sql, *_place(scope, key))
        return None if row is None else StoredAnswer(row[0], row[1], decode_outcome(row[2]), row[3])

    async def hold(self, scope: IdempotencyScope, key: str) -> bool:
        """Try to hold a key; see `IdempotencyStore.hold`."""
        return await self._held.hold(scope, key)

    def let_go(self, scope: IdempotencyScope, key: str) -> None:
        """Let a key go; see `IdempotencyStore.let_go`."""
        self._held.let_go(scope, key)

    async def keep_shown(self, scope: IdempotencyScope, key: str, shown: str) -> None:
        """Keep what was made of a key's outcome, in a transaction of its own; see `IdempotencyStore.keep_shown`."""
        async with self._connections.transaction() as connection:
            await connection.execute(load_sql("keep_shown_answer", self._schema), *_place(scope, key), shown)

    async def sweep(self, *, seconds: float, limit: int = 1_000) -> int:
        """Forget old keys, by the clock of the database; see `IdempotencyStore.sweep`.

        Keys that another process is forgetting at the same time are left to it.
        """
        self._connections.refuse_if_read_only()
        sql = load_sql("sweep_idempotency_keys", self._schema)
        row = await self._connections.fetch_row(sql, round(seconds * 1_000_000), limit)
        return 0 if row is None else int(row["swept"])

    async def close(self) -> None:
        """Let all keys go. May be called twice."""
        await self._held.close()


async def claim_key(
    connection: Connection, schema: str, record: IdempotencyRecord, outcome: Appended = NOTHING_APPENDED
) -> None:
    """Store a key in the open transaction; waits for a transaction that is storing the same key just now.

    Raises:
        IdempotencyKeyTakenError: it is stored already.
    """
    status = await connection.execute(
        load_sql("claim_idempotency_key", schema),
        *_place(record.scope, record.key),
        record.fingerprint,
        record.result,
        encode_outcome(outcome),
    )
    if status == "INSERT 0 0":
        message = "another unit of work has committed this idempotency key"
        raise IdempotencyKeyTakenError(message)


async def note_outcome(connection: Connection, schema: str, record: IdempotencyRecord, outcome: Appended) -> None:
    """Store what was appended under a key that this transaction has claimed."""
    sql = load_sql("note_idempotency_outcome", schema)
    await connection.execute(sql, *_place(record.scope, record.key), encode_outcome(outcome))


def _place(scope: IdempotencyScope, key: str) -> tuple[str, str, str, str]:
    return scope.tenant, scope.actor, scope.operation, key
