"""The permits application, put together."""

from dishka import Provider, Scope

from duolog import Application, EventSourcedRepository, UnitOfWork
from duolog.testing.applications import TEST_SECRET
from tests.acceptance.permits.case_view import (
    ActivityCountProjection,
    CaseViewProjection,
    CountActivitiesQuery,
    CountActivitiesQueryService,
    SlowestCasesQuery,
    SlowestCasesQueryService,
)
from tests.acceptance.permits.permit_case import PermitCase, PermitCases
from tests.acceptance.permits.record_activity import RecordActivityCommand, RecordActivityInteractor


class EventSourcedPermitCases:
    def __init__(self, unit: UnitOfWork) -> None:
        self._cases = EventSourcedRepository(PermitCase, unit)

    async def find_or_new(self, case_id: str) -> PermitCase:
        return await self._cases.find_or_new(case_id)

    async def save(self, case: PermitCase) -> None:
        await self._cases.save(case)


def make_application(database_url: str) -> Application:
    provider = Provider(scope=Scope.REQUEST)
    provider.provide(EventSourcedPermitCases, provides=PermitCases)
    return Application(
        "permits",
        database=database_url,
        handlers=[
            RecordActivityCommand.handled_by(RecordActivityInteractor),
            SlowestCasesQuery.handled_by(SlowestCasesQueryService, reads=[CaseViewProjection]),
            CountActivitiesQuery.handled_by(CountActivitiesQueryService, reads=[ActivityCountProjection]),
        ],
        projections=[CaseViewProjection, ActivityCountProjection],
        providers=[provider],
        secret=TEST_SECRET,
    )
