"""Parked events of reactors and process managers are reacted to again, or skipped, in order."""

from typing import Any, ClassVar

import pytest

from duolog import Application, Process, Projection, ViewDatabase
from duolog.errors import ConfigurationError
from duolog.subscriptions.parked_choice import ParkedChoice, RetriedKey
from tests.unit.process_managers.trials import LapseTrials, Trial, TrialBegun, TrialUsed, publish, trials

refused: set[str] = set()
unshown: set[str] = set()


class StubbornTrials(LapseTrials):
    name = "stubborn_trials"

    async def on_used(self, event: TrialUsed, process: Process[Trial]) -> None:
        if event.user in refused:
            message = f"no {event.user}"
            raise ValueError(message)
        await super().on_used(event, process)


class UsesByUser(Projection):
    """A view whose keys are those of the process manager."""

    name, version = "uses_by_user", 1
    tables: ClassVar = {"uses_by_user": "CREATE TABLE uses_by_user (name TEXT NOT NULL)"}

    def __init__(self, db: ViewDatabase) -> None:
        self._db = db

    @classmethod
    def partition_key(cls, event: Any) -> str:
        return str(event.user)

    async def on_used(self, event: TrialUsed) -> None:
        if event.user in unshown:
            message = f"no {event.user}"
            raise ValueError(message)
        await self._db.execute("INSERT INTO uses_by_user (name) VALUES (:name)", {"name": event.user})


async def uses(app: Application, user: str) -> bytes | None:
    stored = await app.database.process_states.read("stubborn_trials", {("", user)})
    return stored["", user].state


async def park(app: Application) -> None:
    """Let both users' first use fail; one of them has two more behind it."""
    refused.update({"1", "2"})
    await publish(app, TrialBegun("1"), TrialBegun("2"), TrialUsed("1"), TrialUsed("1"), TrialUsed("2"), TrialUsed("1"))
    await app.caught_up()
    assert len(await app.database.parking.read("stubborn_trials")) == 4


async def test_what_can_be_handled_now_is_and_the_rest_stays_parked(url: str) -> None:
    """Each event takes effect once, in order; the process that runs goes on by itself."""
    async with trials(url, processes=[StubbornTrials]) as app:
        await park(app)
        refused.remove("1")
        first, second = await app.retry_parked(ParkedChoice())
        assert first == RetriedKey("stubborn_trials", "", "1", 3, 0)
        assert (second.key, second.applied, second.parked, second.error) == ("2", 0, 1, "ValueError: no 2")
        assert await uses(app, "1") == b'{"hours":24.0,"uses":3}'
        assert [each.key for each in await app.database.parking.read("stubborn_trials")] == ["2"]
        refused.clear()
        await publish(app, TrialUsed("1"), TrialUsed("2"))
        await app.caught_up()
        assert await app.retry_parked(ParkedChoice("stubborn_trials", key="2")) == [
            RetriedKey("stubborn_trials", "", "2", 2, 0)
        ]
        assert (await uses(app, "1"), await uses(app, "2")) == (b'{"hours":24.0,"uses":4}', b'{"hours":24.0,"uses":2}')


async def test_one_event_is_skipped_for_good(url: str) -> None:
    """Those behind it are handled; it must be said whose it is."""
    async with trials(url, processes=[StubbornTrials]) as app:
        await park(app)
        refused.clear()
        with pytest.raises(ConfigurationError):
            await app.skip_parked(ParkedChoice("stubborn_trials"), by="ann")
        (skipped,) = await app.skip_parked(ParkedChoice("stubborn_trials", key="1"), by="ann")
        assert (skipped.applied, skipped.parked, skipped.skipped) == (2, 0, 3)
        assert await uses(app, "1") == b'{"hours":24.0,"uses":2}'
        assert [each.key for each in await app.database.parking.read("stubborn_trials")] == ["2"]
        with pytest.raises(ConfigurationError):
            await app.retry_parked(ParkedChoice("nobody"))


async def test_whose_event_is_skipped_is_asked_only_where_both_kinds_have_parked_the_key(url: str) -> None:
    """A key that one projection or process alone has parked says by itself whose it is."""
    unshown.clear()
    unshown.update({"1", "3"})
    async with trials(url, processes=[StubbornTrials], projections=[UsesByUser]) as app:
        await park(app)
        await publish(app, TrialUsed("3"))
        await app.caught_up()
        refused.clear()
        unshown.clear()
        with pytest.raises(ConfigurationError, match="uses_by_user, stubborn_trials have parked it"):
            await app.skip_parked(ParkedChoice(key="1"), by="ann")
        (skipped,) = await app.skip_parked(ParkedChoice(key="2"), by="ann")
        assert (skipped.subscription, skipped.skipped) == ("stubborn_trials", 5)
        (skipped,) = await app.skip_parked(ParkedChoice(key="3"), by="ann")
        assert (skipped.subscription, skipped.skipped) == ("uses_by_user", 7)
        assert await app.skip_parked(ParkedChoice(key="9"), by="ann") == []
