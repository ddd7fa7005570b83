"""What is counted: how the cache does, and where a store fails."""

import logging
from enum import StrEnum
from typing import Final

from opentelemetry import metrics

from chat_intents.domain.errors import StoreFailedError

METRIC_CACHE: Final = "chat_intents.cache"
METRIC_STORE_FAILURES: Final = "chat_intents.store.failures"

_log: Final = logging.getLogger("chat_intents")


class CacheOutcome(StrEnum):
    """What became of a question to the cache."""

    HIT = "hit"
    MISS = "miss"
    LOW_CONFIDENCE = "low_confidence"
    CONTEXT_LOST = "context_lost"


class Telemetry:
    """Counts through OpenTelemetry, and logs what fails; what was said is in neither."""

    def __init__(self) -> None:
        meter = metrics.get_meter_provider().get_meter("chat_intents")
        self._cache = meter.create_counter(METRIC_CACHE, description="Questions to the cache of intents, by outcome")
        self._failures = meter.create_counter(
            METRIC_STORE_FAILURES, description="Failures of what keeps classifications and conversations"
        )

    def cache(self, outcome: CacheOutcome) -> None:
        """Count what became of a question to the cache."""
        self._cache.add(1, {"outcome": outcome.value})

    def failure(self, operation: str, error: StoreFailedError) -> None:
        """Count and log a failure that no answer depends on."""
        self._failures.add(1, {"operation": operation})
        _log.warning("%s failed, and the answer does without it: %s", operation, error.reason)
