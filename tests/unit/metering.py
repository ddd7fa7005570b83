"""A meter provider for one test: a fixture for the test folders that import it, and what it has recorded."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import pytest
from opentelemetry import metrics
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import HistogramDataPoint, InMemoryMetricReader, NumberDataPoint


@dataclass(frozen=True)
class Point:
    """One series of a metric.

    Attributes:
        attributes: its attributes.
        count: how many values were recorded; 1 for counters and gauges.
        value: their sum, or the counter's or gauge's value.
    """

    attributes: Mapping[str, object]
    count: int
    value: float


@dataclass(frozen=True)
class Metering:
    """What was recorded."""

    reader: InMemoryMetricReader

    def points(self, meter: str = "duolog") -> dict[str, list[Point]]:
        """Return all series by the metric's name; there must be none of other meters."""
        found: dict[str, list[Point]] = {}
        data = self.reader.get_metrics_data()
        for resource in data.resource_metrics if data is not None else ():
            for scope in resource.scope_metrics:
                assert scope.scope.name == meter
                for metric in scope.metrics:
                    found[metric.name] = [_point(point) for point in metric.data.data_points]
        return found


def _point(point: object) -> Point:
    if isinstance(point, HistogramDataPoint):
        return Point(dict(point.attributes or {}), point.count, point.sum)
    assert isinstance(point, NumberDataPoint)
    return Point(dict(point.attributes or {}), 1, point.value)


@pytest.fixture
def metering(monkeypatch: pytest.MonkeyPatch) -> Iterator[Metering]:
    """A meter provider for one test; the process-wide one can be set only once."""
    reader = InMemoryMetricReader()
    provider = MeterProvider([reader])

    def get_meter_provider() -> MeterProvider:
        return provider

    monkeypatch.setattr(metrics, "get_meter_provider", get_meter_provider)
    yield Metering(reader)
    provider.shutdown()
