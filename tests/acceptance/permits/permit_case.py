"""The permit case of a municipality: what was done in it, one activity after another."""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from duolog import Aggregate, event


@dataclass(frozen=True, slots=True)
class Activity:
    """What somebody did in a case.

    Attributes:
        task_id: names it in the municipality's own system.
        name: what was done.
        at: when it was completed.
        group: whose task it was.
        resource: who did it.
    """

    task_id: str
    name: str
    at: datetime
    group: str
    resource: str


@event("activity.recorded")
@dataclass(frozen=True, slots=True)
class ActivityRecorded:
    case_id: str
    number: int
    task_id: str
    activity: str
    at: datetime
    group: str
    resource: str
    department: str


class PermitCase(Aggregate[str]):
    category = "permit"
    activities = 0

    def record(self, activity: Activity, *, department: str) -> int:
        """Record an activity, and return the how manieth of the case it is, from 1."""
        self.raise_event(
            ActivityRecorded(
                case_id=self.id,
                number=self.activities + 1,
                task_id=activity.task_id,
                activity=activity.name,
                at=activity.at,
                group=activity.group,
                resource=activity.resource,
                department=department,
            )
        )
        return self.activities

    def on_recorded(self, happened: ActivityRecorded) -> None:
        self.activities = happened.number


class PermitCases(Protocol):
    async def find_or_new(self, case_id: str) -> PermitCase: ...
    async def save(self, case: PermitCase) -> None: ...
