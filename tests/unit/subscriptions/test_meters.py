import asyncio
from collections.abc import Sequence
from dataclasses import replace

from duolog.adapters.memory import open_database
from duolog.database.port import View
from duolog.ids import uuid7
from duolog.messages.envelope import NewEvent
from duolog.subscriptions.checkpoints import CheckpointMove
from duolog.subscriptions.meters import SubscriptionMeters
from duolog.subscriptions.parking import ParkedEvent, ParkReason
from duolog.subscriptions.progress import Progress
from duolog.subscriptions.share import Share
from duolog.telemetry import find_meter
from tests.unit.cli import shop
from tests.unit.metering import Metering, Point, metering
from tests.unit.subscriptions.eventually import eventually

__all__ = ["metering"]

VIEW = View("things_view", 1, {"things_view": "CREATE TABLE things_view (id TEXT)"})


def gauges(metering: Metering, name: str) -> dict[object, float]:
    points: Sequence[Point] = metering.points().get(name, [])
    return {point.attributes["duolog.subscription"]: point.value for point in points}


async def test_lag_and_parked_events_of_each_subscription_are_measured(metering: Metering) -> None:
    database = open_database("memory://")
    await database.open()
    await database.prepare_view(VIEW)
    await database.store.append("thing-1", [NewEvent(uuid7(), "thing.happened", 1, b"{}") for _ in range(5)])
    parked = ParkedEvent("things_view", "", "thing-1", 2, "thing.happened", ParkReason.HANDLER_RAISED)
    await database.open_view(VIEW).commit(CheckpointMove(Share("things_view"), 1, 0, 0, 3), (parked,))
    meter = find_meter()
    assert meter is not None
    meters = SubscriptionMeters(meter, database, ["things_view", "never_ran"])
    await meters.measure()
    assert gauges(metering, "duolog.subscription.lag") == {"things_view": 2, "never_ran": 5}
    assert gauges(metering, "duolog.subscription.parked") == {"things_view": 1, "never_ran": 0}
    assert gauges(metering, "duolog.subscription.owners") == {"things_view": 0, "never_ran": 0}
    delays = gauges(metering, "duolog.subscription.delay")
    assert 0 < delays["things_view"] <= delays["never_ran"] < 60
    await database.close()


async def test_the_delay_is_that_of_what_was_not_applied_and_owners_are_counted_once(metering: Metering) -> None:
    """Two processes hold four shares; all that there is was applied."""
    database = open_database("memory://")
    await database.open()
    await database.prepare_view(replace(VIEW, partitions=4))
    shares = [each.share for each in await database.checkpoints.read("things_view")]
    for share, owner in zip(shares, ["first", "first", "second", "second"], strict=True):
        assert await database.leases.acquire(share, owner, seconds=60) is not None
    meter = find_meter()
    assert meter is not None
    meters = SubscriptionMeters(meter, database, ["things_view"])
    await meters.measure()
    assert gauges(metering, "duolog.subscription.owners") == {"things_view": 2}
    assert gauges(metering, "duolog.subscription.delay") == {"things_view": 0}
    await database.close()


async def test_what_the_shares_of_a_process_do_is_counted(metering: Metering) -> None:
    database = open_database("memory://")
    await database.open()
    meter = find_meter()
    assert meter is not None
    meters = SubscriptionMeters(meter, database, ["things_view"])
    progress = Progress(database.checkpoints, watcher=meters)
    lower, upper = Share("things_view").halves()
    progress.taken(lower)
    progress.taken(upper)
    progress.processed(lower, 3)
    progress.processed(upper, 4)
    progress.processed(upper, 0)
    progress.disowned(lower)
    progress.disowned(upper, lost=True)
    points = metering.points()
    assert [point.value for point in points["duolog.subscription.processed"]] == [7]
    assert {
        str(point.attributes["duolog.change"]): point.value for point in points["duolog.subscription.rebalances"]
    } == {
        "taken": 2,
        "released": 1,
        "lost": 1,
    }
    await database.close()


async def test_an_application_measures_what_its_projections_do(metering: Metering) -> None:
    """From the shares that it takes to those that it gives back; nobody wires anything."""
    async with shop.make_application("memory://") as app:
        for number in range(3):
            await app.execute(shop.PlaceOrderCommand(str(number), 5))
        await app.caught_up()
        assert gauges(metering, "duolog.subscription.owners") == {"orders_view": 1}
    assert gauges(metering, "duolog.subscription.processed") == {"orders_view": 3}
    assert gauges(metering, "duolog.subscription.lag") == {"orders_view": 0}
    rebalances = metering.points()["duolog.subscription.rebalances"]
    assert {str(point.attributes["duolog.change"]): point.value for point in rebalances} == {"taken": 1, "released": 1}


async def test_they_are_measured_again_and_again_until_stopped_also_after_a_failure(metering: Metering) -> None:
    database = open_database("memory://")
    await database.open()
    meter = find_meter()
    assert meter is not None
    measured = asyncio.Event()

    class Measured(SubscriptionMeters):
        times = 0

        async def measure(self) -> None:
            self.times += 1
            if self.times == 1:
                raise ConnectionError
            await super().measure()
            measured.set()

    meters = Measured(meter, database, ["things_view"], seconds=0.001)
    meters.start()
    async with asyncio.timeout(30):
        await measured.wait()
    await meters.stop()
    await meters.stop()
    stopped = meters.times
    await asyncio.sleep(0.01)
    assert meters.times == stopped
    assert gauges(metering, "duolog.subscription.lag") == {"things_view": 0}
    await database.close()


async def test_they_are_measured_soon_after_one_has_moved_and_for_a_last_time(metering: Metering) -> None:
    """Long before the longest time between two measurements is over."""
    database = open_database("memory://")
    await database.open()
    meter = find_meter()
    assert meter is not None
    meters = SubscriptionMeters(meter, database, ["things_view"], seconds=1_000)
    progress = Progress(database.checkpoints, watcher=meters)
    meters.start()
    await eventually(lambda: gauges(metering, "duolog.subscription.lag") == {"things_view": 0})
    await database.store.append("thing-1", [NewEvent(uuid7(), "thing.happened", 1, b"{}")])
    progress.moved(Share("things_view"), 0)
    await eventually(lambda: gauges(metering, "duolog.subscription.lag") == {"things_view": 1})
    await database.store.append("thing-1", [NewEvent(uuid7(), "thing.happened", 1, b"{}")])
    await meters.measure_last()
    assert gauges(metering, "duolog.subscription.lag") == {"things_view": 2}
    await database.close()
