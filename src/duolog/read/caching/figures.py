"""How well the caches of an application's queries do."""

from dataclasses import dataclass, replace
from enum import Enum
from typing import Final

from opentelemetry.metrics import Counter

from duolog.telemetry import (
    ATTRIBUTE_MESSAGE,
    ATTRIBUTE_OUTCOME,
    METRIC_CACHE_ANSWERS,
    METRIC_CACHE_FAILURES,
    METRIC_CACHE_UNFIT,
    find_meter,
)


class Source(Enum):
    """Where an answer came from."""

    MEMORY = "memory"
    SHARED = "shared"
    JOINED = "joined"
    """From the query of another caller who asked the same at the same time."""
    QUERIED = "queried"


@dataclass(slots=True)
class CacheFigures:
    """What became of the questions of one query since the application started.

    Attributes:
        memory: answered from memory.
        shared: answered from the level that processes share.
        joined: answered by the same question of another caller, who was already being answered.
        queried: answered by the query service.
        unfit: answers that could not be kept.
        failures: how often a level failed; such questions were answered without it.
    """

    memory: int = 0
    shared: int = 0
    joined: int = 0
    queried: int = 0
    unfit: int = 0
    failures: int = 0

    @property
    def asked(self) -> int:
        """How many questions there were."""
        return self.memory + self.shared + self.joined + self.queried

    @property
    def hit_rate(self) -> float:
        """The part of the questions that did not reach the query service, from 0 to 1."""
        return 1 - self.queried / self.asked if self.asked else 0.0

    def copy(self) -> "CacheFigures":
        """Return the figures as they are now."""
        return replace(self)


class CacheMeter:
    """Counts for one query, and in opentelemetry's counters where a meter provider was set.

    Args:
        query: the query's name.
    """

    __slots__ = ("_answers", "_failures", "_query", "_unfit", "figures")

    def __init__(self, query: str) -> None:
        self.figures = CacheFigures()
        self._query = query
        self._answers: Counter | None = None
        self._failures: Counter | None = None
        self._unfit: Counter | None = None
        meter = find_meter()
        if meter is not None:
            self._answers = meter.create_counter(
                METRIC_CACHE_ANSWERS, unit="{query}", description="Cached queries by where their answer came from."
            )
            self._failures = meter.create_counter(
                METRIC_CACHE_FAILURES, unit="{failure}", description="Failures of a cache's level."
            )
            self._unfit = meter.create_counter(
                METRIC_CACHE_UNFIT, unit="{answer}", description="Answers that could not be kept."
            )

    def answered(self, source: Source) -> None:
        """Count an answer."""
        figures = self.figures
        if source is _MEMORY:
            figures.memory += 1
        elif source is Source.SHARED:
            figures.shared += 1
        elif source is Source.JOINED:
            figures.joined += 1
        else:
            figures.queried += 1
        if self._answers is not None:
            self._answers.add(1, {ATTRIBUTE_MESSAGE: self._query, ATTRIBUTE_OUTCOME: source.value})

    def failed(self) -> None:
        """Count a failure of a level."""
        self.figures.failures += 1
        if self._failures is not None:
            self._failures.add(1, {ATTRIBUTE_MESSAGE: self._query})

    def unfit(self) -> None:
        """Count an answer that could not be kept."""
        self.figures.unfit += 1
        if self._unfit is not None:
            self._unfit.add(1, {ATTRIBUTE_MESSAGE: self._query})


_MEMORY: Final = Source.MEMORY  # an enum's member is slow to look up
