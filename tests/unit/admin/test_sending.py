import asyncio
from contextlib import aclosing
from dataclasses import dataclass

import pytest

from duolog.admin.command_mapping import CommandMapping
from duolog.admin.command_rows import Row
from duolog.admin.sending import Rejected, SendingOrder, Sent, send
from duolog.errors import DatabaseError, UnreadableAnswerError


@dataclass(frozen=True, slots=True)
class Count:
    name: str
    number: int


MAPPING = CommandMapping(Count, columns={}, constants={}, is_text=True)


def rows(*pairs: tuple[str, int]) -> list[Row]:
    return [
        Row(line, {"name": name, "number": str(number), "id": f"row {line}"}, f"digest {line}")
        for line, (name, number) in enumerate(pairs, start=2)
    ]


async def test_a_slow_key_holds_up_no_other_one() -> None:
    fast_ones_done = asyncio.Event()
    done: list[tuple[str, int]] = []

    async def execute(command: object, _: str) -> bool:
        assert isinstance(command, Count)
        if command.name == "slow":
            await fast_ones_done.wait()
        done.append((command.name, command.number))
        if len([name for name, _ in done if name == "fast"]) == 3:
            fast_ones_done.set()
        return False

    order = SendingOrder("counts.csv", MAPPING, key="name", concurrency=4)
    source = rows(("slow", 1), ("fast", 1), ("slow", 2), ("fast", 2), ("fast", 3))
    assert len([outcome async for outcome in send(source, order, execute)]) == 5
    assert done == [("fast", 1), ("fast", 2), ("fast", 3), ("slow", 1), ("slow", 2)]


@pytest.mark.parametrize(
    ("id_column", "keys"),
    [("id", ["row 2", "row 3"]), (None, ["counts.csv:2:digest 2", "counts.csv:3:digest 3"])],
)
async def test_the_same_row_has_the_same_key(id_column: str | None, keys: list[str]) -> None:
    given: list[str] = []

    async def execute(_: object, idempotency_key: str) -> bool:
        given.append(idempotency_key)
        return given.count(idempotency_key) > 1

    order = SendingOrder("counts.csv", MAPPING, id_column=id_column)
    for before in (False, True):
        outcomes = [outcome async for outcome in send(rows(("a", 1), ("a", 2)), order, execute)]
        assert outcomes == [Sent(2, before), Sent(3, before)]
    assert given == keys * 2


async def test_a_row_without_its_id_is_rejected() -> None:
    async def execute(_: object, idempotency_key: str) -> bool:
        raise AssertionError(idempotency_key)

    order = SendingOrder("counts.csv", MAPPING, id_column="nr")
    (rejected,) = [outcome async for outcome in send(rows(("a", 1)), order, execute)]
    assert rejected == Rejected(2, "", "it has no value in the id column 'nr'")


async def test_a_row_whose_stored_answer_cannot_be_read_any_more_was_sent_before() -> None:
    async def execute(_: object, idempotency_key: str) -> bool:
        raise UnreadableAnswerError(idempotency_key)

    outcomes = [outcome async for outcome in send(rows(("a", 1)), SendingOrder("counts.csv", MAPPING), execute)]
    assert outcomes == [Sent(2, before=True)]


@pytest.mark.parametrize("concurrency", [1, 3])
async def test_a_failed_database_stops_the_sending(concurrency: int) -> None:
    async def execute(command: object, _: str) -> bool:
        assert isinstance(command, Count)
        if command.number >= 3:
            message = "the disk is gone"
            raise DatabaseError(message)
        return False

    order = SendingOrder("counts.csv", MAPPING, concurrency=concurrency)
    sending = send(rows(*(("a", number) for number in range(1_000))), order, execute)
    assert [await anext(sending) for _ in range(3)] == [Sent(2), Sent(3), Sent(4)]
    with pytest.raises(DatabaseError, match="the disk is gone"):
        await anext(sending)


async def test_leaving_early_leaves_nothing_running() -> None:
    running = 0

    async def execute(_: object, __: str) -> bool:
        nonlocal running
        running += 1
        try:
            await asyncio.sleep(0)
        finally:
            running -= 1
        return False

    order = SendingOrder("counts.csv", MAPPING, concurrency=3)
    async with aclosing(send(rows(*(("a", number) for number in range(500))), order, execute)) as sending:
        async for _ in sending:
            break
    assert running == 0
    assert len(asyncio.all_tasks()) == 1
