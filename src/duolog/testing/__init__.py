"""The test kit that ships with duolog: contract suites, given/when/then, applications on memory."""

from duolog.testing.applications import application
from duolog.testing.catching_up import caught_up
from duolog.testing.clocks import FixedClock
from duolog.testing.decision_scenarios import AggregateScenario, DeciderScenario, given
from duolog.testing.process_scenarios import ProcessScenario
from duolog.testing.projection_scenarios import ProjectionScenario
from duolog.testing.unsure_committer import UnsureCommitter

__all__ = [
    "AggregateScenario",
    "DeciderScenario",
    "FixedClock",
    "ProcessScenario",
    "ProjectionScenario",
    "UnsureCommitter",
    "application",
    "caught_up",
    "given",
]
