"""Recording an activity."""

from dataclasses import dataclass
from datetime import datetime

from duolog import Command, TransactionManager, command
from tests.acceptance.permits.permit_case import Activity, PermitCases


@command("activity.record")
@dataclass(frozen=True, slots=True)
class RecordActivityCommand(Command[int]):
    case_id: str
    task_id: str
    activity: str
    at: datetime
    group: str
    resource: str
    department: str


class RecordActivityInteractor:
    def __init__(self, cases: PermitCases, tx: TransactionManager) -> None:
        self._cases = cases
        self._tx = tx

    async def execute(self, cmd: RecordActivityCommand) -> int:
        case = await self._cases.find_or_new(cmd.case_id)
        activity = Activity(cmd.task_id, cmd.activity, cmd.at, cmd.group, cmd.resource)
        number = case.record(activity, department=cmd.department)
        await self._cases.save(case)
        await self._tx.commit()
        return number
