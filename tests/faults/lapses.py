"""The application that is killed: subscriptions lapse by a deadline, and every reaction records an event."""

from pathlib import Path

from duolog import Application
from duolog.container.databases import open_database
from tests.unit.process_managers.trials import (
    Greeted,
    GreetNewcomers,
    LapseTrials,
    TrialBegun,
    TrialLapsed,
    TrialUsed,
    publish,
    trials,
)

USERS = ("1", "2")


def lapses(path: Path) -> Application:
    return trials(f"sqlite:///{path}", processes=[GreetNewcomers, LapseTrials])


async def fill(path: Path) -> None:
    """Record what is to be reacted to, by an application in which nothing reacts yet."""
    app = lapses(path)
    await app.start(projections=False)
    try:
        for user in USERS:
            await publish(app, TrialBegun(user, hours=0), TrialUsed(user))
    finally:
        await app.close()


async def react(path: Path) -> None:
    """React to everything, and execute everything that is due."""
    async with lapses(path) as app:
        await app.caught_up(timeout=30)


async def effects(path: Path) -> list[object]:
    """What the commands of reactions have recorded, sorted."""
    database = open_database(f"sqlite:///{path}")
    codec = lapses(path).codec
    await database.open()
    try:
        page = await database.store.read_all()
        found = [codec.decode_all(each)[0] for each in page.events if each.stream.startswith("trial_results-")]
        left = await database.schedule.read(limit=99)
        return [*sorted(found, key=repr), *(each.command for each in left)]
    finally:
        await database.close()


def expected() -> list[object]:
    """Each user is greeted once, and its trial lapses once, after one use."""
    return sorted([*(Greeted(user) for user in USERS), *(TrialLapsed(user, 1) for user in USERS)], key=repr)
