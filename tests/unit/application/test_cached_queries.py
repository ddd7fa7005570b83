"""Cached answers are served as long as their views have not changed, and never otherwise."""

import asyncio

import pytest

from duolog import Actor, Caching, DuologError, Metadata
from tests.unit.application.tallies import (
    Add,
    GetTally,
    GetTallyStrictly,
    ListTallies,
    Probe,
    Tally,
    WhatMayI,
    WhoAmI,
    tallies,
)


async def test_a_question_is_asked_once_until_its_view_changes(url: str) -> None:
    """Answers come from memory, also that there is none; a change in this process is seen at once."""
    probe = Probe()
    async with tallies(url, probe) as app:
        await app.caught_up()
        assert [await app.query(GetTally("a")) for _ in range(3)] == [None] * 3
        assert probe.asked == 1
        await app.execute(Add("a", 5))
        await app.caught_up()
        assert [await app.query(GetTally("a")) for _ in range(3)] == [Tally("a", 5)] * 3
        assert await app.query(GetTally("b")) is None
        assert probe.asked == 3
        figures = app.cache_figures()["GetTally"]
        assert (figures.queried, figures.memory, figures.asked) == (3, 4, 7)
        assert figures.hit_rate == pytest.approx(4 / 7)


async def test_a_kept_answer_has_the_position_that_was_asked_for(url: str) -> None:
    """With ``after=`` a kept answer from before it is not served."""
    async with tallies(url) as app:
        for amount in range(1, 20):
            receipt = await app.execute_with_receipt(Add("a"))
            after = receipt.token if amount % 2 else receipt.position
            assert await app.query(GetTally("a"), after=after) == Tally("a", amount)


async def test_another_processs_change_is_seen_when_the_answer_is_checked(shared_url: str) -> None:
    """Strict answers are checked at every hit, others when ``max_staleness`` is over; till then they may be kept."""
    probe = Probe()
    async with tallies(shared_url) as writer, tallies(shared_url, probe) as reader:
        await writer.execute(Add("a"))
        await writer.caught_up()
        await reader.caught_up()
        assert await reader.query(GetTallyStrictly("a")) == Tally("a", 1)
        assert await reader.query(GetTallyStrictly("a")) == Tally("a", 1)
        assert await reader.query(ListTallies()) == [Tally("a", 1)]
        assert probe.asked == 2
        changed = await writer.execute_with_receipt(Add("a"))
        assert await writer.query(GetTallyStrictly("a"), after=changed.position) == Tally("a", 2)
        assert await reader.query(GetTallyStrictly("a")) == Tally("a", 2)
        # What this process has heard of by that is true for every other answer as well: they never go back.
        assert await reader.query(ListTallies()) == [Tally("a", 2)]


async def test_no_answer_is_older_than_allowed(shared_url: str) -> None:
    """Without any news, an answer that is older than ``max_staleness`` is checked before it is served."""
    async with tallies(shared_url) as writer, tallies(shared_url) as reader:
        await writer.execute(Add("a"))
        await writer.caught_up()
        await reader.caught_up()
        assert await reader.query(ListTallies()) == [Tally("a", 1)]
        changed = await writer.execute_with_receipt(Add("a"))
        assert await writer.query(GetTallyStrictly("a"), after=changed.position) == Tally("a", 2)
        await asyncio.sleep(0.25)
        assert await reader.query(ListTallies()) == [Tally("a", 2)]


@pytest.mark.parametrize("kind", [GetTally, GetTallyStrictly])
async def test_a_fill_that_comes_late_is_known_to_be_old(url: str, kind: type[GetTally | GetTallyStrictly]) -> None:
    """An answer that was read before a change, and is kept after it, is not served as if it were new."""
    probe = Probe()
    async with tallies(url, probe) as app:
        await app.execute(Add("a"))
        await app.caught_up()
        probe.may_answer.clear()
        late = asyncio.create_task(app.query(kind("a")))
        await probe.has_read.wait()
        changed = await app.execute_with_receipt(Add("a"))
        await app.caught_up()
        probe.may_answer.set()
        assert await late == Tally("a", 1)
        assert await app.query(kind("a")) == Tally("a", 2)
        assert await app.query(kind("a"), after=changed.position) == Tally("a", 2)


async def test_errors_are_not_kept(url: str) -> None:
    """A question that failed is asked again."""
    probe = Probe(error=LookupError("no"))
    async with tallies(url, probe) as app:
        for _ in range(2):
            with pytest.raises(LookupError):
                await app.query(GetTally("a"))
        probe.error = None
        assert await app.query(GetTally("a")) is None
        assert probe.asked == 3


async def test_nobody_changes_the_answer_of_somebody_else(url: str) -> None:
    """Each caller gets an answer of its own, where it can be changed in place."""
    async with tallies(url) as app:
        await app.execute(Add("a"))
        await app.caught_up()
        for _ in range(3):
            answer = await app.query(ListTallies())
            assert answer == [Tally("a", 1)]
            answer.clear()


async def test_tenants_never_share_an_answer(url: str) -> None:
    """The same question of two tenants has two answers."""
    async with tallies(url) as app:
        one, two = Metadata(tenant="one"), Metadata(tenant="two")
        await app.execute(Add("a", 7), metadata=one)
        await app.caught_up()
        for _ in range(2):
            assert await app.query(GetTally("a"), metadata=one) == Tally("a", 7)
            assert await app.query(GetTally("a"), metadata=two) is None
            assert await app.query(GetTally("a")) is None


async def test_actors_share_an_answer_only_where_it_does_not_depend_on_them(url: str) -> None:
    """By actor each has answers of its own, and so have other roles and nobody; by roles, those with the same share."""
    probe = Probe()
    async with tallies(url, probe) as app:
        await app.caught_up()
        actors = [Actor("ann"), Actor("ann", frozenset({"admin"})), Actor("bob"), None]
        answers = ["ann []", "ann ['admin']", "bob []", "nobody"]
        for _ in range(2):
            assert [await app.query(WhoAmI(), metadata=Metadata(actor=each)) for each in actors] == answers
        assert probe.asked == 4
        answers = ["[]", "['admin']", "[]", "nothing"]
        for _ in range(2):
            assert [await app.query(WhatMayI(), metadata=Metadata(actor=each)) for each in actors] == answers
        assert probe.asked == 4 + 3


async def test_many_who_ask_at_once_are_one_query(url: str) -> None:
    """A thousand misses of one question at the same time reach the query service once."""
    probe = Probe()
    async with tallies(url, probe) as app:
        await app.execute(Add("a"))
        await app.caught_up()
        answers = await asyncio.gather(*(app.query(GetTally("a")) for _ in range(1_000)))
        assert (answers, probe.asked) == ([Tally("a", 1)] * 1_000, 1)
        await app.execute(Add("a"))
        await app.caught_up()
        probe.asked = 0
        strict = await asyncio.gather(*(app.query(GetTallyStrictly("a")) for _ in range(1_000)))
        assert strict == [Tally("a", 2)] * 1_000
        assert probe.asked == 1


async def test_who_waits_is_not_cancelled_with_who_asks(url: str) -> None:
    """If the caller whose query is under way goes away, one of those who wait asks in its place."""
    probe = Probe()
    async with tallies(url, probe) as app:
        await app.caught_up()
        probe.may_answer.clear()
        first = asyncio.create_task(app.query(GetTally("a")))
        await probe.has_read.wait()
        others = [asyncio.create_task(app.query(GetTally("a"))) for _ in range(10)]
        await asyncio.sleep(0)
        first.cancel()
        await asyncio.wait([first])
        probe.may_answer.set()
        assert await asyncio.gather(*others) == [None] * 10
        assert probe.asked == 2


async def test_without_room_in_memory_nothing_is_kept(url: str) -> None:
    """A cache without room asks every time, and answers right."""
    probe = Probe()
    async with tallies(url, probe, caching=Caching(entries=0)) as app:
        await app.caught_up()
        assert [await app.query(GetTally("a")) for _ in range(3)] == [None] * 3
        assert probe.asked == 3


async def test_where_the_views_cannot_be_looked_at_the_query_says_so(shared_url: str) -> None:
    """A database that fails is not hidden by what was kept."""
    async with tallies(shared_url) as app:
        await app.caught_up()
        await app.query(GetTallyStrictly("a"))
        await app.database.close()
        with pytest.raises(DuologError):
            await app.query(GetTallyStrictly("a"))
