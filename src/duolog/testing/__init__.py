"""The test kit that ships with duolog: contract suites, given/when/then, applications on memory."""

from duolog.testing.applications import application
from duolog.testing.scenarios import AggregateScenario, ProjectionScenario, given
from duolog.testing.unsure_committer import UnsureCommitter

__all__ = ["AggregateScenario", "ProjectionScenario", "UnsureCommitter", "application", "given"]
