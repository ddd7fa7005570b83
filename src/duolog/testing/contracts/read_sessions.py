"""The contract of `ReadSession`: it reads what is committed, never writes, and ends without a trace."""

import asyncio
import time

import pytest

from duolog.database.port import Database
from duolog.errors import ReadOnlyError, StatementError, TimeLimitExceededError
from duolog.testing.contracts.accounts import ACCOUNTS, accounts, insertion
from duolog.testing.contracts.samples import SECONDS
from duolog.write.sealed_work import SealedWork

WRITES = [
    "INSERT INTO contract_accounts (id, email, version) VALUES ('2', 'b@b.c', 1)",
    "INSERT INTO contract_accounts (id, email, version) VALUES ('2', 'b@b.c', 1) RETURNING id",
    "UPDATE contract_accounts SET version = 9",
    "DELETE FROM contract_accounts",
    "DROP TABLE contract_accounts",
    "CREATE TABLE contract_more (id INTEGER)",
]
ENDLESS = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n"


class ReadSessionContract:
    """Every backend's tables are read in this way. Supply a ``database`` fixture: an open, empty `Database`."""

    @pytest.fixture(autouse=True)
    async def _tables(self, database: Database) -> None:
        await database.create_tables(ACCOUNTS)
        await database.committer.commit(SealedWork(statements=(insertion("1"),)))

    async def test_it_reads_what_is_committed(self, database: Database) -> None:
        """Rows come as mappings; the first row and the first value have calls of their own."""
        reader = database.open_reader()
        select = "SELECT id, version FROM contract_accounts WHERE id = :id"
        assert list(await reader.fetch(select, {"id": "1"})) == [{"id": "1", "version": 1}]
        assert await reader.fetch_one(select, {"id": "1"}) == {"id": "1", "version": 1}
        assert await reader.fetch_value("SELECT count(*) FROM contract_accounts") == 1
        await reader.close()

    async def test_nothing_found_is_none(self, database: Database) -> None:
        """Where no row is found there are no rows, no first row and no value."""
        reader = database.open_reader()
        select = "SELECT id FROM contract_accounts WHERE id = :id"
        assert list(await reader.fetch(select, {"id": "9"})) == []
        assert await reader.fetch_one(select, {"id": "9"}) is None
        assert await reader.fetch_value(select, {"id": "9"}) is None
        await reader.close()

    async def test_a_session_of_the_committer_reads_too(self, database: Database) -> None:
        """A command's scope reads the same rows as a query's."""
        reader = database.committer.open_reader()
        assert await accounts(reader) == {"1": 1}
        await reader.close()

    @pytest.mark.parametrize("sql", WRITES)
    async def test_it_cannot_write(self, database: Database, sql: str) -> None:
        """The database itself refuses a statement that writes, and the session can still be closed and others read."""
        for fetch in ("fetch", "fetch_one", "fetch_value"):
            reader = database.open_reader()
            with pytest.raises(ReadOnlyError):
                await getattr(reader, fetch)(sql)
            await reader.close()
        assert await accounts(database.open_reader()) == {"1": 1}

    @pytest.mark.parametrize("sql", ["BEGIN", "COMMIT", "ROLLBACK", "SAVEPOINT x", " /* x */ commit"])
    async def test_it_cannot_leave_its_transaction(self, database: Database, sql: str) -> None:
        """Transactions belong to duolog: a statement that begins or ends one is refused."""
        reader = database.open_reader()
        with pytest.raises((StatementError, ReadOnlyError)):
            await reader.fetch(sql)
        await reader.close()

    async def test_wrong_sql_is_the_applications_error(self, database: Database) -> None:
        """Wrong SQL, a missing table, several statements and parameters that do not fit are `StatementError`."""
        for sql in (
            "SELEC 1",
            "SELECT id FROM contract_nowhere",
            "SELECT 1; SELECT 2",
            "SELECT id FROM contract_accounts WHERE id = :id",
        ):
            reader = database.open_reader()
            with pytest.raises(StatementError):
                await reader.fetch(sql)
            await reader.close()
        reader = database.open_reader()
        with pytest.raises(StatementError, match="more"):
            await reader.fetch("SELECT 1 AS one", {"more": 1})
        await reader.close()

    async def test_what_stands_in_texts_is_no_parameter(self, database: Database) -> None:
        """Literals and comments may contain what looks like a parameter."""
        reader = database.open_reader()
        sql = "SELECT ':id' AS text /* :x */ -- :y\n, id FROM contract_accounts WHERE id = :id"
        assert await reader.fetch_one(sql, {"id": "1"}) == {"text": ":id", "id": "1"}
        await reader.close()

    async def test_a_slow_statement_is_ended(self, database: Database) -> None:
        """A statement that runs for longer than the session's limit is interrupted, and others go on."""
        reader = database.open_reader(seconds=0.05)
        began = time.monotonic()
        with pytest.raises(TimeLimitExceededError):
            await reader.fetch(ENDLESS)
        assert time.monotonic() - began < 5
        await reader.close()
        assert await accounts(database.open_reader(seconds=SECONDS)) == {"1": 1}

    async def test_it_may_be_closed_twice(self, database: Database) -> None:
        """Closing again does nothing, also without a fetch before."""
        reader = database.open_reader()
        await reader.close()
        await reader.close()

    async def test_a_cancelled_fetch_gives_the_session_back(self, database: Database) -> None:
        """Right after a cancelled fetch the session can be closed, many times over, and others go on."""
        for turns in range(24):
            reader = database.open_reader()
            task = asyncio.create_task(accounts(reader))
            for _ in range(turns % 4):
                await asyncio.sleep(0)
            task.cancel()
            await asyncio.wait({task})
            await reader.close()
        async with asyncio.timeout(SECONDS):
            assert await accounts(database.open_reader()) == {"1": 1}
            await database.committer.commit(SealedWork(statements=(insertion("2"),)))

    async def test_sessions_run_side_by_side(self, database: Database) -> None:
        """Many sessions that are open at once all read."""
        readers = [database.open_reader() for _ in range(20)]
        async with asyncio.timeout(SECONDS):
            found = await asyncio.gather(*(accounts(reader) for reader in readers))
        assert found == [{"1": 1}] * 20
        for reader in readers:
            await reader.close()

    async def test_one_session_reads_one_state(self, database: Database) -> None:
        """Where the backend promises snapshots, a session never sees what is committed after its first fetch."""
        reader = database.open_reader()
        before = await accounts(reader)
        await database.committer.commit(SealedWork(statements=(insertion("2"),)))
        again = await accounts(reader)
        await reader.close()
        assert again == (before if database.features.snapshot_reads else {"1": 1, "2": 1})
        assert await accounts(database.open_reader()) == {"1": 1, "2": 1}
