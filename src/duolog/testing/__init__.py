"""The test kit that ships with duolog: contract suites, given/when/then, applications on memory."""

from duolog.testing.applications import application
from duolog.testing.scenarios import AggregateScenario, ProjectionScenario, given

__all__ = ["AggregateScenario", "ProjectionScenario", "application", "given"]
