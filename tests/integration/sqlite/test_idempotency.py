"""Idempotency keys in a file: they survive restarts and bind all processes."""

import asyncio
import sqlite3
from collections.abc import Callable
from contextlib import aclosing, closing
from pathlib import Path

from duolog.database.port import Database
from duolog.errors import IdempotencyInFlightError
from tests.unit.write.keyed import OpenJar, Shop, jars, recorded

JAM = OpenJar("jam", "a canary that must not be in the file")


async def test_an_answer_is_replayed_after_a_restart(tmp_path: Path) -> None:
    """Another application on the same file has it, whether or not the first one was closed."""
    url = f"sqlite:///{tmp_path / 'jars.db'}"
    async with jars(url, Shop()) as app:
        first = await app.execute_with_receipt(JAM, idempotency_key="one")
    shop = Shop()
    async with jars(url, shop) as app:
        again = await app.execute_with_receipt(JAM, idempotency_key="one")
        assert (again.result, again.position, again.versions) == (first.result, first.position, first.versions)
        assert again.token == first.token
        assert (again.replayed, shop.runs) == (True, 0)


async def test_applications_on_one_file_take_effect_once_together(tmp_path: Path) -> None:
    """Nothing but the file is between them; the unique key decides, and all get the winner's answer."""
    url = f"sqlite:///{tmp_path / 'jars.db'}"
    shops = [Shop(), Shop()]
    async with jars(url, shops[0]) as one, jars(url, shops[1]) as two:
        for turn in range(20):
            calls = [app.execute(JAM, idempotency_key=f"key-{turn}") for app in (one, two) for _ in range(3)]
            answers = await asyncio.gather(*calls, return_exceptions=True)
            results = {answer for answer in answers if not isinstance(answer, BaseException)}
            errors = {type(answer) for answer in answers if isinstance(answer, BaseException)}
            assert len(results) == 1
            assert errors <= {IdempotencyInFlightError}
            assert await recorded(one) == turn + 1


async def test_an_answer_that_never_arrived_is_there_for_the_next_process(tmp_path: Path) -> None:
    """A process that is gone after its commit, before its answer, leaves effect and answer."""
    url = f"sqlite:///{tmp_path / 'jars.db'}"
    lost = jars(url, Shop())
    await lost.start()
    task = asyncio.create_task(lost.execute(JAM, idempotency_key="one"))
    async with jars(url, Shop()) as app:
        async with aclosing(app.database.store.subscribe()) as pages:
            while not (await anext(pages)).events:
                pass
        task.cancel()
        assert (await app.execute_with_receipt(JAM, idempotency_key="one")).replayed
        assert await recorded(app) == 1
    await asyncio.gather(task, return_exceptions=True)
    await lost.close()


async def test_neither_command_nor_a_plain_hash_of_it_is_stored(tmp_path: Path) -> None:
    """Another secret gives another fingerprint, and the password is nowhere in the file."""
    path = tmp_path / "jars.db"
    async with jars(f"sqlite:///{path}", Shop()) as app:
        await app.execute(JAM, idempotency_key="one")
    assert b"canary" not in path.read_bytes()
    with closing(sqlite3.connect(path)) as connection:
        row = connection.execute("SELECT tenant, actor, operation, key, length(fingerprint) FROM duolog_idempotency")
        assert row.fetchall() == [("", "", "jar.open", "one", 32)]


async def test_settling_writes_over_the_end_of_the_wal(make_database: Callable[..., Database], path: Path) -> None:
    """A commit that was cut off may have left its frames there; they must not come back."""
    database = make_database()
    await database.open()
    wal = path.with_name(path.name + "-wal")
    before = wal.stat().st_size, wal.read_bytes()
    await database.committer.settle()
    after = wal.stat().st_size, wal.read_bytes()
    await database.close()
    assert before != after
