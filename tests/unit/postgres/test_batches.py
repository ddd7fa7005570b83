"""How many commits are sent at once, and in what order those who lost are told."""

import asyncio

from duolog.adapters.postgres.batch_pace import PREPARING_SECONDS, BatchPace
from duolog.adapters.postgres.losers_turns import LosersTurns


def test_many_who_take_turns_are_sent_in_halves() -> None:
    """Where preparing takes longer than a transaction, one half prepares while the other is decided."""
    pace = BatchPace()
    assert pace.most(64) == 64  # nothing is known yet
    pace.note(64, 8 * PREPARING_SECONDS)
    assert pace.most(64) == 64
    pace.note(32, 8 * PREPARING_SECONDS)
    assert pace.most(32) == 32  # the other half
    pace.note(0, 8 * PREPARING_SECONDS)
    assert pace.most(64) == 32


def test_few_are_sent_at_once() -> None:
    """Where a transaction takes longer than preparing, a second one would only add its time."""
    pace = BatchPace()
    for _ in range(10):
        pace.note(8, 20 * PREPARING_SECONDS)
        assert pace.most(8) == 8


def test_a_slow_transaction_now_and_then_changes_nothing() -> None:
    """The shortest of the last times counts, and is forgotten after a while."""
    pace = BatchPace()
    pace.note(32, 5 * PREPARING_SECONDS)
    pace.note(32, 1.0)
    assert pace.most(64) == 48
    for _ in range(200):
        pace.note(32, 1.0)
    assert pace.most(64) == 64


async def test_losers_are_told_in_their_order_and_the_first_at_once() -> None:
    """Nobody is overtaken, and whoever is alone does not wait."""
    turns, told = LosersTurns(), list[int]()

    async def lose(number: int) -> None:
        await turns.take()
        told.append(number)

    tasks = [asyncio.create_task(lose(number)) for number in range(200)]
    await asyncio.sleep(0)
    assert told == [0]
    tasks[5].cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    assert told == [number for number in range(200) if number != 5]
