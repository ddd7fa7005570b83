"""Clients in a process of their own that append in every way there is; see `tests.faults.writer` for what they print.

A unit is a transaction. Its events bear its name, and the line that acknowledges it says how many they are; what is
rolled back to a savepoint is a unit of its own, which fails. A decision is a unit as well: its event says how many
events of its boundary it has seen.
"""

import argparse
import asyncio
import json
import random
from collections.abc import Awaitable, Callable, Sequence
from typing import Final

from duolog.adapters.postgres.append_call import AppendCalls, Verdict
from duolog.adapters.postgres.commits import plan_commit
from duolog.adapters.postgres.connecting import Connection, connect
from duolog.adapters.postgres.errors import DRIVER_ERRORS, is_connection_lost
from duolog.adapters.postgres.location import parse_location
from duolog.container.databases import open_database
from duolog.errors import ConflictError, DatabaseError, OutcomeUnknownError
from duolog.eventstore.appends import Append
from duolog.eventstore.conditions import EventQuery, QueryItem
from duolog.eventstore.port import EventStore
from duolog.ids import uuid7
from duolog.messages.envelope import NewEvent
from duolog.write.sealed_work import SealedWork
from tests.faults.writer import say

TYPES: Final = ("storm.odd", "storm.even")
DECIDED: Final = "storm.decided"
TURNS_IN_A_BOUNDARY: Final = 40  # then another one is written to, since a decision reads all of its boundary
MOST_TAGGED: Final = 5
HOT_STREAMS: Final = 4
ROLLED_BACK: Final = 0.05
_WAYS: Final = {"store": 4, "transaction": 4, "prepared": 3, "decision": 2}
_PAUSE: Final = 0.004
_AFTER_ERROR: Final = 0.02


async def persistently(work: Callable[[], Awaitable[object]]) -> None:
    """Do something again until the database does not fail."""
    while True:
        try:
            await work()
        except (DatabaseError, *DRIVER_ERRORS):
            await asyncio.sleep(_AFTER_ERROR)
        else:
            return


class Client:
    """One client.

    Args:
        url: of the database.
        name: of the client; it names its own streams.
        store: what it appends to where it needs no transaction of its own.
        chance: its choices.
        most: so many events in one append through the store.
    """

    def __init__(self, url: str, name: str, store: EventStore, chance: random.Random, most: int) -> None:
        self._location = parse_location(url)
        self._name = name
        self._store = store
        self._chance = chance
        self._most = most
        self._calls = AppendCalls(self._location.schema)
        self._connection: Connection | None = None
        self._turns = 0

    async def turn(self) -> int:
        """Append one unit, and return how many events were acknowledged."""
        self._turns += 1
        (way,) = self._chance.choices(list(_WAYS), list(_WAYS.values()))
        unit = uuid7().hex
        say("invoke", unit, way)
        count = self._chance.choice((1, 1, 2, 3, self._most))
        try:
            match way:
                case "store":
                    await self._through_store(unit, count)
                case "decision":
                    count = 1
                    await self._decide(unit)
                case _:
                    count = await self._in_transaction(unit, prepared=way == "prepared")
        except OutcomeUnknownError:
            say("unknown", unit)
            await asyncio.sleep(_AFTER_ERROR)
        except ConflictError:
            say("fail", unit)
        except (DatabaseError, *DRIVER_ERRORS):
            say("fail", unit)
            await asyncio.sleep(_AFTER_ERROR)
        else:
            if count:
                say("ok", unit, str(count))
                return count
            say("fail", unit)
        return 0

    # --- through duolog ------------------------------------------------------------------------------------------

    async def _through_store(self, unit: str, count: int) -> None:
        events = self._events(unit, count)
        hot = self._hot()
        if count > 1 and self._chance.random() < 0.5:
            await self._store.append_all([Append(hot, tuple(events[:1])), Append(self._own(), tuple(events[1:]))])
        else:
            await self._store.append(hot, events)

    async def _decide(self, unit: str) -> None:
        tag = self._tag()
        boundary = await self._store.read_boundary(EventQuery((QueryItem(tags=(tag,)),)))
        data = json.dumps({"unit": unit, "tag": tag, "seen": len(boundary.events)}).encode()
        event = NewEvent(uuid7(), DECIDED, 1, data, tags=(tag,))
        await self._store.append(self._own(), [event], condition=boundary.condition)

    # --- through SQL ---------------------------------------------------------------------------------------------

    async def _in_transaction(self, unit: str, *, prepared: bool) -> int:
        connection = await self._connected()
        try:
            await connection.execute("BEGIN")
            count = 0
            for number in range(self._chance.randint(1, 3)):
                if self._chance.random() < 0.3:
                    await self._doomed(connection, f"{unit}-doomed-{number}")
                # Only the first one may be hot: who holds one hot stream and waits for none is in no deadlock.
                stream = self._hot() if not number and self._chance.random() < 0.3 else self._own()
                events = self._events(unit, self._chance.choice((1, 1, 2)))
                count += len(events)
                if not await self._append(connection, stream, events):
                    await connection.execute("ROLLBACK")
                    return 0
                await self._pause()
            if prepared:
                return count * await self._two_phases(connection, unit)
            return count * await self._end(connection, "COMMIT")
        except DRIVER_ERRORS:
            await self._abandon(connection)
            raise

    async def _doomed(self, connection: Connection, unit: str) -> None:
        say("invoke", unit, "savepoint")
        await connection.execute("SAVEPOINT doomed")
        await self._append(connection, self._own(), self._events(unit, 1))
        await connection.execute("ROLLBACK TO SAVEPOINT doomed")
        say("fail", unit)

    async def _append(self, connection: Connection, stream: str, events: Sequence[NewEvent]) -> bool:
        commit = plan_commit(SealedWork(appends=(Append(stream, tuple(events)),)))
        (decision,) = await self._calls.send(connection, (commit,))
        return decision.verdict is Verdict.RECORDED

    async def _end(self, connection: Connection, how: str) -> bool:
        if self._chance.random() < ROLLED_BACK:
            await connection.execute(how.replace("COMMIT", "ROLLBACK"))
            return False
        try:
            await connection.execute(how)
        except DRIVER_ERRORS as error:
            if is_connection_lost(error):
                raise OutcomeUnknownError(str(type(error))) from error
            raise
        return True

    async def _two_phases(self, connection: Connection, unit: str) -> bool:
        name = f"{self._name} {unit}"
        try:
            await connection.execute(f"PREPARE TRANSACTION '{name}'")
            await self._pause()
            return await self._end(connection, f"COMMIT PREPARED '{name}'")
        except DRIVER_ERRORS as error:
            raise OutcomeUnknownError(str(type(error))) from error

    async def _connected(self) -> Connection:
        if self._connection is None or self._connection.is_closed():
            self._connection = await connect(self._location)
            for row in await self._connection.fetch(
                "SELECT gid FROM pg_prepared_xacts WHERE database = current_database()"
            ):
                if row["gid"].startswith(f"{self._name} "):  # prepared by itself, before it lost its connection
                    await self._connection.execute(f"COMMIT PREPARED '{row['gid']}'")
        return self._connection

    async def _abandon(self, connection: Connection) -> None:
        connection.terminate()
        self._connection = None

    async def close(self) -> None:
        """Disconnect, when nothing that it has prepared is left."""
        await persistently(self._connected)
        if self._connection is not None:
            self._connection.terminate()

    # --- choices -------------------------------------------------------------------------------------------------

    def _events(self, unit: str, count: int) -> list[NewEvent]:
        data = json.dumps({"unit": unit}).encode()
        tags = (self._tag(),) if count <= MOST_TAGGED and self._chance.random() < 0.5 else ()
        return [NewEvent(uuid7(), self._chance.choice(TYPES), 1, data, tags=tags) for _ in range(count)]

    def _hot(self) -> str:
        return f"hot-{self._chance.randrange(HOT_STREAMS)}"

    def _own(self) -> str:
        return f"own-{self._name}-{self._chance.randrange(HOT_STREAMS)}"

    def _tag(self) -> str:
        return f"boundary:{self._turns // TURNS_IN_A_BOUNDARY}"

    async def _pause(self) -> None:
        await asyncio.sleep(self._chance.choice((0, 0, self._chance.random() * _PAUSE)))


async def main(url: str, name: str, *, seed: int, clients: int, events: int, most: int) -> None:
    """Append so many events."""
    database = open_database(url)
    await persistently(database.open)
    left = events

    async def run(client: Client) -> None:
        nonlocal left
        while left > 0:
            appended = await client.turn()
            left -= appended  # not before it is known: others count it down meanwhile
        await client.close()

    chances = (random.Random(f"{seed} {name} {number}") for number in range(clients))  # noqa: S311 - repeatable
    made = [Client(url, f"{name}{number}", database.store, chance, most) for number, chance in enumerate(chances)]
    await asyncio.gather(*(run(client) for client in made))
    await database.close()


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("url")
    parser.add_argument("name")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--clients", type=int, default=4)
    parser.add_argument("--events", type=int, default=1_000)
    parser.add_argument("--most", type=int, default=5)
    options = parser.parse_args()
    asyncio.run(main(**vars(options)))
