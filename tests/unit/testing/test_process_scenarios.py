from datetime import timedelta

import pytest

from duolog.errors import ConfigurationError
from duolog.testing import ProcessScenario
from tests.unit.process_managers.trials import (
    Greet,
    GreetNewcomers,
    LapseTrial,
    LapseTrials,
    Seen,
    Trial,
    TrialBegun,
    TrialUsed,
)


async def test_a_process_is_given_events_and_asked_what_it_wants() -> None:
    scenario = ProcessScenario(LapseTrials(Seen()))
    await scenario.given(TrialBegun("1"))
    await scenario.when(TrialUsed("1"))
    scenario.then_state("1", Trial(24, 1)).then_deadline("unused", key="1", after=timedelta(hours=24))
    scenario.then_sends_nothing()
    await scenario.when_deadline("unused", key="1")
    scenario.then_sends(LapseTrial("1", 1)).then_is_over("1")


async def test_a_process_may_begin_with_a_state() -> None:
    scenario = ProcessScenario(LapseTrials(Seen())).given_state("1", Trial(1, 7), deadlines=["unused"])
    await scenario.when_deadline("unused", key="1")
    scenario.then_sends(LapseTrial("1", 7))


async def test_a_reactor_is_tried_in_the_same_way() -> None:
    scenario = ProcessScenario(GreetNewcomers(Seen()))
    await scenario.when(TrialBegun("1"))
    scenario.then_sends(Greet("1"))
    with pytest.raises(ConfigurationError, match="no process manager"):
        scenario.given_state("1", Trial(1))


async def test_what_is_not_so_fails() -> None:
    scenario = ProcessScenario(LapseTrials(Seen()))
    await scenario.when(TrialBegun("1"))
    with pytest.raises(AssertionError, match=r"expected .*, but it sends"):
        scenario.then_sends(LapseTrial("1", 0))
    with pytest.raises(AssertionError, match="remembers"):
        scenario.then_state("1", Trial(1))
    with pytest.raises(AssertionError, match="goes on"):
        scenario.then_is_over("1")
    with pytest.raises(AssertionError, match="is not set"):
        scenario.then_deadline("unused", key="2")
    with pytest.raises(AssertionError, match="is not set"):
        await scenario.when_deadline("unused", key="2")
    with pytest.raises(AssertionError, match="expected deadline"):
        scenario.then_deadline("unused", key="1", after=timedelta(hours=1))
