"""Counts what the writer commits at once, through opentelemetry-api."""

from collections.abc import Callable

from duolog.telemetry import METRIC_BATCH_SIZE, find_meter


def batch_counter() -> Callable[[int], None] | None:
    """Return what hears how many units are in a transaction; None where nobody listens."""
    meter = find_meter()
    if meter is None:
        return None
    return meter.create_histogram(
        METRIC_BATCH_SIZE,
        unit="{unit}",
        description="Units of work and other changes in one transaction of the writer.",
    ).record
