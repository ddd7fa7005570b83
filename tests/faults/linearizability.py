"""Checks that what clients saw of streams has one order that respects real time (Herlihy and Wing, 1990).

A stream's versions give that order away, so that it need not be searched for: an operation that saw version 7 stands
behind the append that made 7, and before the one that made 8. What remains is to compare this order with the clock.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate

from tests.faults.experiment import Answer, Operation

_FAILED = 2  # details of an append that was not compared with any version: it only must not be there


@dataclass(frozen=True, slots=True)
class Seen:
    """That a version was the stream's last one, at some moment between two."""

    name: str
    version: int
    invoked: float
    answered: float


def check_stream(versions: Sequence[tuple[int, str]], operations: Mapping[str, Operation]) -> list[str]:
    """Check the operations of one stream.

    Args:
        versions: version and id of the events in the log.
        operations: reads (``read-...``) and appends (by event id) that were asked of this stream.

    Returns:
        What is wrong.
    """
    wrong = [f"version {version} is at place {at}" for at, (version, _) in enumerate(versions, 1) if version != at]
    writers = dict(versions)
    if wrong or len(set(writers.values())) != len(versions):
        return [*wrong, "versions have gaps, or stand twice"]
    unasked = [name for name in writers.values() if name not in operations]
    if unasked:
        return [f"nobody asked for {unasked[:3]}"]
    seen: list[Seen] = []
    for name, operation in operations.items():
        if operation.answer is Answer.UNKNOWN:
            continue
        if name.startswith("read-"):
            seen.append(Seen(name, int(operation.details[1]), operation.invoked, operation.answered))
            continue
        if len(operation.details) == _FAILED:
            continue
        expected, found = int(operation.details[1]), int(operation.details[2])
        if operation.answer is Answer.OK:
            wrong += _wrongly_acknowledged(name, expected, found, writers)
        else:
            if found == expected:
                wrong.append(f"{name} expected version {expected}, and was refused at it")
            seen.append(Seen(name, found, operation.invoked, operation.answered))
    # An append with an unknown outcome may take effect at any time after it was asked for, also after that was said.
    appends = [
        replace(append, answered=float("inf")) if append.answer is Answer.UNKNOWN else append
        for append in (operations[writers[version]] for version in range(1, len(versions) + 1))
    ]
    return wrong + _out_of_time(appends, seen)


def _wrongly_acknowledged(name: str, expected: int, made: int, writers: Mapping[int, str]) -> list[str]:
    wrong: list[str] = []
    if made != expected + 1:
        wrong.append(f"{name} expected version {expected}, and made version {made}")
    if writers.get(made) != name:
        wrong.append(f"version {made} was acknowledged to {name}, and is {writers.get(made)}")
    return wrong


def _out_of_time(appends: Sequence[Operation], seen: Sequence[Seen]) -> list[str]:
    wrong: list[str] = []
    # latest_start[v]: nothing that ended earlier can have seen version v or a later one.
    latest_start = [0.0, *accumulate((append.invoked for append in appends), max)]
    # earliest_end[v]: nothing that began later can have missed version v + 1.
    earliest_end = [*accumulate((append.answered for append in reversed(appends)), min, initial=float("inf"))][::-1]
    for version, append in enumerate(appends, 1):
        if append.answered < latest_start[version - 1] or append.invoked > earliest_end[version]:
            wrong.append(f"version {version} was made at a time that does not fit those around it")
    for each in seen:
        if each.version > len(appends) or each.answered < latest_start[each.version]:
            wrong.append(f"{each.name} saw version {each.version} before it was there")
        elif each.invoked > earliest_end[each.version]:
            wrong.append(f"{each.name} saw version {each.version} after a later one was acknowledged")
    return wrong
