"""The contract of `ReadDatabase.stream`: rows in order, few at once, and nothing that stays open behind it."""

import asyncio
from contextlib import aclosing
from typing import Final

import pytest

from duolog.database.port import Database
from duolog.errors import NotStartedError, ReadOnlyError, StatementError
from duolog.tables.ports import ReadSession
from duolog.testing.contracts.accounts import ACCOUNTS, accounts, insertion
from duolog.testing.contracts.articles import ARTICLES, ArticleDTO, article, write_articles
from duolog.testing.contracts.gateways import reading
from duolog.testing.contracts.samples import SECONDS
from duolog.write.sealed_work import SealedWork

COUNT: Final = 40
SELECT: Final = "SELECT id, title, stars FROM contract_articles ORDER BY id"
IDS: Final = sorted(article(number)["id"] for number in range(COUNT))


class RowStreamContract:
    """Every backend streams rows in this way. Supply a ``database`` fixture: an open, empty `Database`."""

    @pytest.fixture(autouse=True)
    async def _tables(self, database: Database) -> None:
        await database.create_tables(ACCOUNTS)
        await write_articles(database, COUNT)

    @pytest.mark.parametrize("size", [1, 7, COUNT, COUNT + 1])
    async def test_every_row_comes_once_and_in_order(self, database: Database, size: int) -> None:
        """Whatever the size of a batch, the rows are those of one fetch, as mappings or DTOs."""
        session = database.open_reader()
        assert [row["id"] async for row in session.stream(SELECT, size=size)] == [str(key) for key in IDS]
        sql = f"SELECT {ARTICLES.columns} FROM contract_articles WHERE stars >= :least ORDER BY id"  # noqa: S608 - fixed
        streamed = [row async for row in session.stream(sql, {"least": 2}, into=ArticleDTO, size=size)]
        assert streamed == list(await session.fetch(sql, {"least": 2}, into=ArticleDTO))
        assert [row async for row in session.stream(sql, {"least": 99}, into=ArticleDTO, size=size)] == []
        await session.close()

    async def test_other_reads_go_on_between_two_rows(self, database: Database) -> None:
        """A stream, another one and a fetch of the same session do not disturb each other."""
        session = database.open_reader()
        first, second = session.stream(SELECT, size=3), session.stream(SELECT, size=5)
        seen: list[tuple[str, str]] = []
        async with aclosing(first), aclosing(second):
            async for row in first:
                other = await anext(second)
                assert await session.fetch_value("SELECT count(*) FROM contract_articles") == COUNT
                seen.append((row["id"], other["id"]))
        assert seen == [(str(key), str(key)) for key in IDS]
        await session.close()

    async def test_a_stream_reads_one_state(self, database: Database) -> None:
        """What is committed while it is read is not seen, and does not stop it."""
        await database.committer.commit(SealedWork(statements=(insertion("1"), insertion("2"))))
        session = database.open_reader()
        stream = session.stream("SELECT id FROM contract_accounts ORDER BY id", size=1)
        first = await anext(stream)
        async with asyncio.timeout(SECONDS):
            await database.committer.commit(SealedWork(statements=(insertion("3"),)))
        assert [first["id"], *[row["id"] async for row in stream]] == ["1", "2"]
        await session.close()
        assert set(await accounts(database.open_reader())) == {"1", "2", "3"}

    async def test_a_stream_that_is_left_early_keeps_nothing_open(self, database: Database) -> None:
        """Many of them, left after a row, closed or forgotten: sessions close, others read, and writers write."""
        for turn in range(24):
            session = database.open_reader()
            stream = session.stream(SELECT, size=2)
            await anext(stream)
            if turn % 3 == 0:
                await stream.aclose()
                assert await session.fetch_value("SELECT 1") == 1
            await session.close()
            if turn % 3 == 1 and database.features.snapshot_reads:  # else all rows were read at the first one
                with pytest.raises(NotStartedError):
                    _ = [row async for row in stream]
        async with asyncio.timeout(SECONDS):
            await database.committer.commit(SealedWork(statements=(insertion("1"),)))
            await database.create_tables({"contract_after": "CREATE TABLE contract_after (id TEXT PRIMARY KEY)"})
            assert await accounts(database.open_reader()) == {"1": 1}

    async def test_a_stream_that_is_left_early_keeps_no_snapshot(self, database: Database) -> None:
        """The connection that it had gives the next session the present state, not that of its cursor."""
        sessions = [database.open_reader() for _ in range(4)]
        streams = [session.stream("SELECT id FROM contract_articles", size=1) for session in sessions]
        for stream in streams:
            await anext(stream)
        for session in sessions:
            await session.close()
        await database.committer.commit(SealedWork(statements=(insertion("1"),)))
        later = [database.open_reader() for _ in range(4)]
        assert [await accounts(session) for session in later] == [{"1": 1}] * 4
        for session in later:
            await session.close()
        assert len(streams) == len(sessions)  # nobody has closed them

    async def test_a_stream_that_is_cancelled_keeps_nothing_open(self, database: Database) -> None:
        """Cancelled at any moment, the session closes and others go on."""
        for turns in range(24):
            session = database.open_reader()

            async def consume(session: ReadSession = session) -> None:
                async with aclosing(session.stream(SELECT, size=2)) as rows:
                    async for _ in rows:
                        await asyncio.sleep(0)

            task = asyncio.create_task(consume())
            for _ in range(turns):
                await asyncio.sleep(0)
            task.cancel()
            await asyncio.wait({task})
            await session.close()
        async with asyncio.timeout(SECONDS):
            assert await accounts(database.open_reader()) == {}
            await database.committer.commit(SealedWork(statements=(insertion("1"),)))

    async def test_what_fails_in_a_stream_is_reported_as_in_a_fetch(self, database: Database) -> None:
        """Wrong SQL, a statement that writes and rows that do not fit."""
        for sql, error in (
            ("SELECT id FROM contract_nowhere", StatementError),
            ("SELECT id FROM contract_articles WHERE id = :id", StatementError),
            (
                "INSERT INTO contract_accounts (id, email, version) VALUES ('9', 'x', 1)",
                (ReadOnlyError, StatementError),
            ),
            ("UPDATE contract_accounts SET version = 2 RETURNING id", (ReadOnlyError, StatementError)),
        ):
            session = database.open_reader()
            with pytest.raises(error):
                await anext(session.stream(sql))
            await session.close()
        session = database.open_reader()
        with pytest.raises(StatementError):
            await anext(session.stream("SELECT 'x' AS id", into=ArticleDTO))
        assert await session.fetch_value("SELECT count(*) FROM contract_articles") == COUNT
        await session.close()

    async def test_a_commands_scope_and_a_gateway_stream_too(self, database: Database) -> None:
        """A gateway gives the same rows in a query and in a command."""
        async with reading(database, ARTICLES) as articles:
            assert [row.id async for row in articles.stream()] == IDS
        writer = database.committer.open_reader()
        assert [row["id"] async for row in writer.stream(SELECT, size=3)] == [str(key) for key in IDS]
        await writer.close()
