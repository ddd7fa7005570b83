"""Watched queries are answered again when their answer has become another one, and only then."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing
from typing import TypeVar

import pytest

from duolog import Metadata, Settings
from duolog.errors import ConfigurationError, TooManyWatchersError
from duolog.testing import application
from tests.unit.application.notes import ListNotes, ListNotesQueryService
from tests.unit.application.tallies import Add, GetTally, ListTallies, PeekTally, Probe, Tally, tallies

T = TypeVar("T")


async def soon(answers: AsyncIterator[T]) -> T:
    async with asyncio.timeout(30):
        return await anext(answers)


async def test_each_change_is_answered(url: str) -> None:
    """The first answer comes at once, the next ones when commands have changed it."""
    async with tallies(url) as app, aclosing(app.watch(GetTally("a"))) as answers:
        assert await soon(answers) is None
        for total in range(1, 6):
            await app.execute(Add("a"))
            assert await soon(answers) == Tally("a", total)


async def test_another_processs_changes_are_answered(shared_url: str) -> None:
    """They are looked for from time to time, also by processes that run no projections."""
    async with tallies(shared_url) as writer:
        reader = tallies(shared_url)
        await reader.start(projections=False)
        try:
            async with aclosing(reader.watch(ListTallies())) as answers:
                assert await soon(answers) == []
                for total in range(1, 4):
                    await writer.execute(Add("a"))
                    assert await soon(answers) == [Tally("a", total)]
        finally:
            await reader.close()


async def test_what_changes_nothing_in_the_answer_is_not_told(url: str) -> None:
    """A change elsewhere in the view asks the query again, but nobody hears of the same answer."""
    probe = Probe()
    async with tallies(url, probe) as app, aclosing(app.watch(GetTally("a"))) as answers:
        assert await soon(answers) is None
        following = asyncio.ensure_future(anext(answers))
        for _ in range(3):
            await app.execute(Add("b"))
            await app.caught_up()
        assert not following.done()
        await app.execute(Add("a"))
        async with asyncio.timeout(30):
            assert await following == Tally("a", 1)


async def test_nobody_asks_while_nothing_changes(url: str) -> None:
    """A view that stays as it is costs no query, however long it is watched."""
    probe = Probe()
    settings = Settings(watch_seconds=0.01)
    async with tallies(url, probe, settings=settings) as app, aclosing(app.watch(PeekTally("a"))) as answers:
        await app.caught_up()
        await soon(answers)
        following = asyncio.ensure_future(anext(answers))
        asked = probe.asked
        await asyncio.sleep(0.2)
        assert (following.done(), probe.asked) == (False, asked)
        following.cancel()
        await asyncio.wait([following])


async def test_a_slow_consumer_gets_the_last_state(url: str) -> None:
    """What happened while its loop was busy is one answer."""
    probe = Probe()
    async with tallies(url, probe) as app, aclosing(app.watch(GetTally("a"))) as answers:
        assert await soon(answers) is None
        for _ in range(20):
            await app.execute(Add("a"))
        await app.caught_up()
        asked = probe.asked
        assert await soon(answers) == Tally("a", 20)
        assert probe.asked == asked + 1


async def test_watchers_of_one_question_share_a_query(url: str) -> None:
    """Many who watch the same cached query cost one query a change."""
    probe = Probe()
    async with tallies(url, probe) as app:
        await app.caught_up()
        watched = [app.watch(GetTally("a")) for _ in range(50)]
        assert await asyncio.gather(*(soon(answers) for answers in watched)) == [None] * 50
        following = [asyncio.ensure_future(soon(answers)) for answers in watched]
        await asyncio.sleep(0)
        await app.execute(Add("a"))
        assert await asyncio.gather(*following) == [Tally("a", 1)] * 50
        assert probe.asked <= 4
        for answers in watched:
            await answers.aclose()


async def test_each_tenant_watches_its_own(url: str) -> None:
    """A change of one tenant is no news for another one."""
    async with tallies(url) as app:
        one, two = Metadata(tenant="one"), Metadata(tenant="two")
        async with (
            aclosing(app.watch(GetTally("a"), metadata=one)) as ones,
            aclosing(app.watch(GetTally("a"), metadata=two)) as twos,
        ):
            assert (await soon(ones), await soon(twos)) == (None, None)
            following = asyncio.ensure_future(anext(twos))
            await app.execute(Add("a"), metadata=one)
            assert await soon(ones) == Tally("a", 1)
            await app.execute(Add("a", 5), metadata=two)
            async with asyncio.timeout(30):
                assert await following == Tally("a", 5)


async def test_watching_ends_with_the_application(url: str) -> None:
    """Whoever waits for the next answer sees the end, and closing does not wait for anybody."""
    app = tallies(url, settings=Settings(drain_seconds=60))
    async with asyncio.timeout(30):
        async with app:
            answers = app.watch(GetTally("a"))
            await soon(answers)
            following = asyncio.ensure_future(anext(answers, "the end"))
            await asyncio.sleep(0)
        assert await following == "the end"


async def test_who_leaves_is_forgotten(url: str) -> None:
    """A watcher that is closed makes room for another one; too many are refused."""
    async with tallies(url, settings=Settings(watchers=2)) as app:
        for _ in range(3):
            async with aclosing(app.watch(GetTally("a"))) as one, aclosing(app.watch(GetTally("a"))) as two:
                assert (await soon(one), await soon(two)) == (None, None)
                with pytest.raises(TooManyWatchersError, match="2 live queries"):
                    await soon(app.watch(GetTally("a")))


async def test_an_error_ends_it(url: str) -> None:
    """What the service raises reaches whoever watches, at first or later."""
    probe = Probe(error=LookupError("no"))
    async with tallies(url, probe) as app:
        with pytest.raises(LookupError):
            await soon(app.watch(GetTally("a")))
        probe.error = None
        answers = app.watch(GetTally("a"))
        await soon(answers)
        probe.error = LookupError("no")
        await app.execute(Add("a"))
        with pytest.raises(LookupError):
            await soon(answers)


async def test_tables_cannot_be_watched() -> None:
    """Nothing tells when they have changed."""
    async with application(ListNotes.handled_by(ListNotesQueryService)) as app:
        with pytest.raises(ConfigurationError, match="cannot be watched"):
            await soon(app.watch(ListNotes()))
