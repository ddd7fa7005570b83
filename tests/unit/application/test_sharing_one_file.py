import asyncio
from pathlib import Path

import pytest

from duolog import NoStream, Settings
from duolog.errors import ConflictError
from tests.unit.application.notes import ListNotes, Taken, TakeNote, notes


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'shared.db'}"


async def test_two_applications_on_one_file_see_each_others_writes(url: str) -> None:
    async with notes(url) as first, notes(url) as second:
        receipt = await second.execute_with_receipt(TakeNote("a", "from the second"))
        assert await first.query(ListNotes(), after=receipt.token) == ["from the second"]
        receipt = await first.execute_with_receipt(TakeNote("b", "from the first"))
        assert await second.query(ListNotes(), after=receipt.token) == ["from the first", "from the second"]


async def test_commands_of_both_for_one_aggregate_all_succeed_with_contiguous_versions(url: str) -> None:
    settings = Settings(attempts=100)
    async with notes(url, settings=settings) as first, notes(url, settings=settings) as second:
        commands = [app.execute_with_receipt(TakeNote("a", f"{n}")) for n in range(25) for app in (first, second)]
        receipts = await asyncio.gather(*commands)
        assert sorted(receipt.versions["note-a"] for receipt in receipts) == list(range(1, 51))
        await second.caught_up()
        listed = await first.query(ListNotes())
        assert len(listed) == 50


async def test_one_projection_is_moved_on_by_one_owner_and_its_heir(url: str) -> None:
    async with notes(url) as second:
        async with notes(url) as first:
            receipt = await first.execute_with_receipt(TakeNote("a", "1"))
            assert await first.query(ListNotes(), after=receipt.token) == ["1"]
            owners = {lease.owner for lease in await first.database.leases.read_all()}
            assert len(owners) == 1
        receipt = await second.execute_with_receipt(TakeNote("a", "2"))
        assert await second.query(ListNotes(), after=receipt.token, timeout=15) == ["1", "2"]


async def test_what_was_written_is_there_after_a_restart(url: str) -> None:
    async with notes(url) as app:
        await app.execute(TakeNote("a", "1"))
    async with notes(url) as app:
        with pytest.raises(ConflictError):
            await app.database.store.append("note-a", [app.codec.encode(Taken("3"))], NoStream())
        await app.execute(TakeNote("a", "2"))
        await app.caught_up()
        assert await app.query(ListNotes()) == ["1", "2"]
