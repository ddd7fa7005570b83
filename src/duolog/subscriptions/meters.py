"""Measures how far subscriptions are behind the log and what they have parked, through opentelemetry-api."""

import asyncio
import logging
from collections.abc import Sequence
from typing import Final

from opentelemetry.metrics import Meter

from duolog.subscriptions.source import SubscriptionSource
from duolog.telemetry import ATTRIBUTE_SUBSCRIPTION, METRIC_LAG, METRIC_PARKED

_logger: Final = logging.getLogger("duolog.subscriptions")


class SubscriptionMeters:
    """Sets the gauges of some subscriptions from time to time; any process may, whoever owns them.

    Args:
        meter: duolog's meter.
        source: the log, checkpoints and parked events.
        subscriptions: their names.
        seconds: time between two measurements.
    """

    def __init__(
        self, meter: Meter, source: SubscriptionSource, subscriptions: Sequence[str], *, seconds: float = 5.0
    ) -> None:
        self._source = source
        self._subscriptions = tuple(subscriptions)
        self._seconds = seconds
        self._lag = meter.create_gauge(
            METRIC_LAG, unit="{position}", description="Positions between a checkpoint and the log's end."
        )
        self._parked = meter.create_gauge(
            METRIC_PARKED, unit="{event}", description="Events that a subscription has set aside."
        )
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to measure."""
        self._task = asyncio.create_task(self._run(), name="subscription meters")

    async def stop(self) -> None:
        """Measure no more. May be called twice, and without `start`."""
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            await asyncio.wait({task})

    async def measure(self) -> None:
        """Measure once.

        Raises:
            DatabaseError: the database failed.
        """
        # Checkpoints first: one that moves meanwhile must not be ahead of the log's end.
        checkpoints = {each.subscription: each.position for each in await self._source.checkpoints.read_all()}
        parked = await self._source.parking.counts()
        head = await self._source.store.head()
        for name in self._subscriptions:
            attributes = {ATTRIBUTE_SUBSCRIPTION: name}
            self._lag.set(max(head - checkpoints.get(name, 0), 0), attributes)
            self._parked.set(parked.get(name, 0), attributes)

    async def _run(self) -> None:
        while True:
            try:
                await self.measure()
            except Exception as error:  # noqa: BLE001 - a gap in a curve; the subscriptions' own runners report it
                _logger.debug("subscriptions were not measured: %s", type(error).__name__)
            await asyncio.sleep(self._seconds)
