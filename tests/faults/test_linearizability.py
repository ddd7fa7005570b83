"""The checker finds each kind of what must not be, and accepts what may be."""

from math import inf

import pytest

from tests.faults.experiment import Answer, Operation
from tests.faults.linearizability import check_stream

VERSIONS = [(1, "a"), (2, "b")]


def append(invoked: float, answered: float, expected: int, made: int) -> Operation:
    return Operation(invoked, answered, Answer.OK, ("hot-1", str(expected), str(made)))


def refused(invoked: float, answered: float, expected: int, found: int) -> Operation:
    return Operation(invoked, answered, Answer.FAIL, ("hot-1", str(expected), str(found)))


def unknown(invoked: float, answered: float, expected: int) -> Operation:
    return Operation(invoked, answered, Answer.UNKNOWN, ("hot-1", str(expected)))


def read(invoked: float, answered: float, version: int) -> Operation:
    return Operation(invoked, answered, Answer.OK, ("hot-1", str(version)))


ONE_AFTER_ANOTHER = {"a": append(1, 2, 0, 1), "b": append(3, 4, 1, 2)}


@pytest.mark.parametrize(
    "others",
    [
        {"read-1": read(0, 1, 0), "read-2": read(2.5, 2.7, 1), "read-3": read(5, 6, 2)},
        {"read-1": read(1.5, 3.5, 0), "read-2": read(1.5, 3.5, 1), "read-3": read(1.5, 3.5, 2)},
        {"c": refused(2.5, 2.7, 0, 1), "d": refused(3.5, 5, 1, 2)},
        {"c": unknown(2.5, 2.7, 1), "read-1": Operation(5)},
    ],
)
def test_what_has_an_order_that_respects_time_is_accepted(others: dict[str, Operation]) -> None:
    assert check_stream(VERSIONS, ONE_AFTER_ANOTHER | others) == []


@pytest.mark.parametrize("answered", [3.1, inf])
def test_an_append_with_an_unknown_outcome_may_take_effect_after_that_was_said(answered: float) -> None:
    operations = {
        "a": append(1, 2, 0, 1),
        "b": unknown(3, answered, 1),
        "read-1": read(4, 5, 1),
        "read-2": read(6, 7, 2),
    }
    assert check_stream(VERSIONS, operations) == []


@pytest.mark.parametrize(
    ("others", "found"),
    [
        ({"read-1": read(4.5, 5, 1)}, "read-1 saw version 1 after a later one was acknowledged"),
        ({"read-1": read(1, 2.5, 2)}, "read-1 saw version 2 before it was there"),
        ({"read-1": read(5, 6, 3)}, "read-1 saw version 3 before it was there"),
        ({"c": refused(4.5, 5, 0, 1)}, "c saw version 1 after a later one was acknowledged"),
        ({"c": refused(2.5, 2.7, 1, 1)}, "c expected version 1, and was refused at it"),
        ({"c": append(2.5, 3.5, 1, 2)}, "version 2 was acknowledged to c, and is b"),
        ({"b": append(3, 4, 0, 2)}, "b expected version 0, and made version 2"),
        ({"b": append(0.2, 0.4, 1, 2)}, "version 2 was made at a time that does not fit those around it"),
    ],
)
def test_what_has_no_such_order_is_found(others: dict[str, Operation], found: str) -> None:
    assert found in check_stream(VERSIONS, ONE_AFTER_ANOTHER | others)


@pytest.mark.parametrize(
    ("versions", "found"),
    [
        ([(1, "a"), (3, "b")], "version 3 is at place 2"),
        ([(1, "a"), (2, "a")], "versions have gaps, or stand twice"),
        ([(1, "a"), (2, "nobody")], "nobody asked for ['nobody']"),
    ],
)
def test_a_stream_that_is_not_whole_is_found(versions: list[tuple[int, str]], found: str) -> None:
    assert found in check_stream(versions, ONE_AFTER_ANOTHER)
