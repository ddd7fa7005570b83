"""Measures how far subscriptions are behind the log, how fast, and by whom, through opentelemetry-api."""

import asyncio
import contextlib
import logging
from collections.abc import Sequence
from typing import Final

from opentelemetry.metrics import Meter

from duolog.subscriptions.delay import delay_after
from duolog.subscriptions.generations import Role
from duolog.subscriptions.share import Share
from duolog.subscriptions.source import SubscriptionSource
from duolog.telemetry import (
    ATTRIBUTE_CHANGE,
    ATTRIBUTE_SUBSCRIPTION,
    METRIC_DELAY,
    METRIC_LAG,
    METRIC_OWNERS,
    METRIC_PARKED,
    METRIC_PROCESSED,
    METRIC_REBALANCES,
)

_LEAST_SECONDS: Final = 0.25
_logger: Final = logging.getLogger("duolog.subscriptions")


class SubscriptionMeters:
    """A `Watcher` that counts what this process does, and sets the gauges of some subscriptions, whoever owns them.

    The gauges are measured from time to time, soon after one of them has moved in this process, and for a last time
    when the application has stopped them. They are no observable gauges: whoever asks for those expects an answer at
    once, and the numbers are in the database.

    Args:
        meter: duolog's meter.
        source: the log, checkpoints and parked events.
        subscriptions: their names.
        seconds: longest time between two measurements.
    """

    def __init__(
        self, meter: Meter, source: SubscriptionSource, subscriptions: Sequence[str], *, seconds: float = 5.0
    ) -> None:
        self._source = source
        self._subscriptions = tuple(subscriptions)
        self._seconds = seconds
        self._due = asyncio.Event()
        self._reached: dict[Share, int] = {}
        self._lag = meter.create_gauge(
            METRIC_LAG, unit="{position}", description="Positions between what is applied and the log's end."
        )
        self._parked = meter.create_gauge(
            METRIC_PARKED, unit="{event}", description="Events that a subscription has set aside."
        )
        self._delay = meter.create_gauge(
            METRIC_DELAY, unit="s", description="Age of the oldest event that is not applied."
        )
        self._owners = meter.create_gauge(
            METRIC_OWNERS, unit="{process}", description="Processes that advance a subscription's shares."
        )
        self._processed = meter.create_counter(
            METRIC_PROCESSED, unit="{event}", description="Events that this process has applied or set aside."
        )
        self._rebalances = meter.create_counter(
            METRIC_REBALANCES, unit="{share}", description="Shares that this process took, gave back or lost."
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

    def moved(self, share: Share, position: int) -> None:
        """Have it measured soon: a share of this process has moved."""
        self._reached[share] = position
        self._due.set()

    def processed(self, share: Share, events: int) -> None:
        """Count events that were applied or parked."""
        self._processed.add(events, {ATTRIBUTE_SUBSCRIPTION: share.subscription})

    def taken(self, share: Share) -> None:
        """Count a share that this process got."""
        self._changed(share, "taken")

    def given_up(self, share: Share, *, lost: bool) -> None:
        """Count a share that this process holds no more."""
        if lost:
            self._reached.pop(share, None)  # its next owner may have begun anew
        self._changed(share, "lost" if lost else "released")

    async def measure_last(self) -> None:
        """Measure what is left when nothing moves any more; a failure is only logged."""
        await self.stop()
        await self.refresh()

    async def measure(self) -> None:
        """Measure once.

        Raises:
            DatabaseError: the database failed.
        """
        # Checkpoints first: one that moves meanwhile must not be ahead of the log's end.
        reached: dict[str, int] = {}
        owners: dict[str, set[str]] = {}
        for each in (await self._source.shares.survey()).shares:
            if each.role is Role.LIVE:
                name, position = each.share.subscription, max(each.position, self._reached.get(each.share, 0))
                reached[name] = min(position, reached.get(name, position))
                owners.setdefault(name, set()).update({each.owner} if each.owner else ())
        parked = await self._source.parking.counts()
        head = await self._source.store.head()
        for name in self._subscriptions:
            attributes, position = {ATTRIBUTE_SUBSCRIPTION: name}, reached.get(name, 0)
            self._lag.set(max(head - position, 0), attributes)
            self._delay.set(await delay_after(self._source.store, position) if position < head else 0.0, attributes)
            self._owners.set(len(owners.get(name, ())), attributes)
            self._parked.set(parked.get(name, 0), attributes)

    def _changed(self, share: Share, change: str) -> None:
        self._rebalances.add(1, {ATTRIBUTE_SUBSCRIPTION: share.subscription, ATTRIBUTE_CHANGE: change})
        self._due.set()

    async def _run(self) -> None:
        while True:
            self._due.clear()
            await self.refresh()
            await asyncio.sleep(min(_LEAST_SECONDS, self._seconds))  # many pages a second are one measurement
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._seconds):
                    await self._due.wait()

    async def refresh(self) -> None:
        """Measure once; a failure is only logged."""
        try:
            await self.measure()
        except Exception as error:  # noqa: BLE001 - a gap in a curve; the subscriptions' own runners report it
            _logger.debug("subscriptions were not measured: %s", type(error).__name__)
