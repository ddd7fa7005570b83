import asyncio
import time

import pytest

from duolog import PositionToken, Settings
from duolog.errors import (
    AfterTimeoutError,
    ConfigurationError,
    ForeignTokenError,
    MisfitHandlerError,
    MissingHandlerError,
    PositionAheadOfLogError,
    ViewParkedError,
)
from duolog.eventstore.streams import partition_of
from duolog.testing import application
from tests.unit.application.notes import (
    Gate,
    ListNotes,
    ListNotesQueryService,
    NotesProjection,
    Peek,
    TakeNote,
    TakeTwoNotes,
    notes,
)


async def test_a_receipt_tells_result_position_versions_and_token(url: str) -> None:
    async with notes(url) as app:
        first = await app.execute_with_receipt(TakeNote("a"))
        second = await app.execute_with_receipt(TakeNote("a"))
        nothing = await app.execute_with_receipt(Peek())

        assert (first.result, dict(first.versions), dict(second.versions)) == ("a", {"note-a": 1}, {"note-a": 2})
        assert 0 < first.position < second.position == await app.database.store.head()
        partitions = frozenset({partition_of("", "note-a")})
        assert first.token == PositionToken(app.database.store.log_id, first.position, first.position, partitions)
        assert (nothing.result, nothing.position, dict(nothing.versions), nothing.token) == (None, 0, {}, None)


async def test_a_query_after_a_receipt_sees_what_the_command_wrote(url: str) -> None:
    async with notes(url) as app:
        for n in range(20):
            receipt = await app.execute_with_receipt(TakeNote(f"{n}", f"{n:02}"))
            after = receipt.token if n % 2 else receipt.position
            assert f"{n:02}" in await app.query(ListNotes(), after=after)


async def test_it_waits_until_the_view_is_there(url: str) -> None:
    gate = Gate()
    gate.view_open.clear()
    async with notes(url, gate) as app:
        receipt = await app.execute_with_receipt(TakeNote("a", "hello"))
        waiting = asyncio.create_task(app.query(ListNotes(), after=receipt.token))
        await asyncio.sleep(0.05)
        assert not waiting.done()
        gate.view_open.set()
        assert await waiting == ["hello"]


async def test_without_after_it_answers_with_what_is_there(url: str) -> None:
    gate = Gate()
    gate.view_open.clear()
    async with notes(url, gate) as app:
        await app.execute(TakeNote("a", "hello"))
        if app.database.features.snapshot_reads:
            assert await app.query(ListNotes()) == []
        gate.view_open.set()


@pytest.mark.parametrize("by_caller", [True, False])
async def test_it_waits_no_longer_than_asked_and_says_how_far_the_view_is(url: str, by_caller: bool) -> None:  # noqa: FBT001
    gate = Gate()
    gate.view_open.clear()
    settings = None if by_caller else Settings(after_seconds=0.1)
    async with notes(url, gate, settings=settings) as app:
        receipt = await app.execute_with_receipt(TakeNote("a", "hello"))
        started = time.monotonic()
        with pytest.raises(AfterTimeoutError) as raised:
            await app.query(ListNotes(), after=receipt.token, timeout=0.1 if by_caller else None)
        assert 0.09 < time.monotonic() - started < 2
        assert (raised.value.position, raised.value.reached) == (receipt.position, {"notes_view": 0})
        gate.view_open.set()
        assert await app.query(ListNotes(), after=receipt.token) == ["hello"]


async def test_what_was_parked_is_an_error_and_not_an_older_answer(url: str) -> None:
    async with notes(url) as app:
        poison = await app.execute_with_receipt(TakeNote("a", "poison"))
        behind = await app.execute_with_receipt(TakeNote("a", "hello"))
        other = await app.execute_with_receipt(TakeNote("b", "hello"))
        for receipt in (poison, behind):
            with pytest.raises(ViewParkedError) as raised:
                await app.query(ListNotes(), after=receipt.token)
            assert (raised.value.position, raised.value.view) == (receipt.position, "notes_view")
        assert await app.query(ListNotes(), after=other.token) == ["hello"]


async def test_a_position_above_the_logs_end_and_a_token_of_another_log_are_errors(url: str) -> None:
    async with notes(url) as app:
        await app.execute(TakeNote("a"))
        with pytest.raises(PositionAheadOfLogError) as raised:
            await app.query(ListNotes(), after=7)
        assert (raised.value.position, raised.value.head) == (7, 1)
        with pytest.raises(ForeignTokenError):
            await app.query(ListNotes(), after=PositionToken("another", 1, 1))


async def test_caught_up_says_how_far_each_projection_is_when_its_time_is_over(url: str) -> None:
    gate = Gate()
    gate.view_open.clear()
    async with notes(url, gate) as app:
        await app.execute(TakeNote("a"))
        with pytest.raises(AfterTimeoutError, match="notes_view is at 0"):
            await app.caught_up(timeout=0.05)
        gate.view_open.set()
        await app.caught_up()
        assert await app.query(ListNotes()) == [""]


async def test_a_position_remembers_the_first_event_that_its_command_recorded(url: str) -> None:
    """The poison came first and was parked with its key; the last event alone would not tell."""
    async with notes(url) as app:
        receipt = await app.execute_with_receipt(TakeTwoNotes("a", "poison", "b", "hello"))
        assert receipt.position == 2
        for after in (receipt.position, receipt.token):
            with pytest.raises(ViewParkedError):
                await app.query(ListNotes(), after=after)


def test_a_query_that_waits_for_an_unknown_projection_is_refused_at_start() -> None:
    with pytest.raises(ConfigurationError, match="ListNotes reads notes_view, which is not among"):
        application(ListNotes.handled_by(ListNotesQueryService, reads=[NotesProjection]))


async def test_messages_are_sent_by_the_call_of_their_kind(url: str) -> None:
    async with notes(url) as app:
        with pytest.raises(MissingHandlerError, match="TakeNote is a command, not a query"):
            await app.query(TakeNote("a"))  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
        with pytest.raises(MissingHandlerError, match="ListNotes is a query, not a command"):
            await app.execute(ListNotes())  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]


def test_handlers_that_are_no_bindings_are_refused_with_how_to_write_one() -> None:
    with pytest.raises(MisfitHandlerError, match=r"(?s)ListNotesQueryService is no binding.*handled_by"):
        application(ListNotesQueryService)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
