"""Runs an application with deadlines and a view that parks: ``python -m tests.faults.workers.clerk URL DRAIN``.

It prints its process id when it is ready, and ends in good order when it gets SIGTERM.
"""

import asyncio
import os
import sys
from collections.abc import Mapping
from typing import ClassVar

from duolog import Application, Projection, Settings
from duolog.cli.stop_signals import stop_signals
from duolog.testing import application
from tests.unit.process_managers.trials import (
    Greet,
    Greeted,
    GreetInteractor,
    LapseTrial,
    LapseTrialInteractor,
    LapseTrials,
    Publish,
    PublishInteractor,
    Seen,
    TrialBegun,
    TrialLapsed,
    TrialProvider,
    TrialUsed,
)


class RefusingProjection(Projection):
    """Parks every trial that was used."""

    name, version, partitions = "refused_trials", 1, 4
    tables: ClassVar[Mapping[str, str]] = {"refused_trials": "CREATE TABLE refused_trials (name TEXT PRIMARY KEY)"}

    async def on_used(self, event: TrialUsed) -> None:
        raise ValueError(event.user)


def clerk(url: str, drain: float = 10.0) -> Application:
    """Make the application."""
    return application(
        Publish.handled_by(PublishInteractor),
        LapseTrial.handled_by(LapseTrialInteractor),
        Greet.handled_by(GreetInteractor),
        database=url,
        projections=[RefusingProjection],
        processes=[LapseTrials],
        providers=[TrialProvider(Seen())],
        events=[TrialBegun, TrialUsed, TrialLapsed, Greeted],
        settings=Settings(drain_seconds=drain),
    )


async def main(url: str, drain: float) -> None:
    """Work until the signal."""
    with stop_signals() as stop:
        async with clerk(url, drain):
            print(os.getpid(), flush=True)  # noqa: T201 - whoever started it waits for this
            await stop.wait()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], float(sys.argv[2])))
