"""How long cases take, and how often each activity occurs: the views, and the queries over them."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import ClassVar, Final

from duolog import Projection, Query, ReadDatabase, ViewDatabase
from tests.acceptance.permits.permit_case import ActivityRecorded

EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND: Final = timedelta(microseconds=1)

# Times are microseconds since EPOCH, so that every database subtracts them exactly.
_CASES: Final = """
CREATE TABLE permit_cases (
    case_id    TEXT   NOT NULL PRIMARY KEY,
    first_at   BIGINT NOT NULL,
    last_at    BIGINT NOT NULL,
    activities BIGINT NOT NULL
)
"""
_COUNTS: Final = "CREATE TABLE activity_counts (activity TEXT NOT NULL PRIMARY KEY, recorded BIGINT NOT NULL)"


class CaseViewProjection(Projection):
    name, version, partitions = "permit_cases", 1, 4
    tables: ClassVar = {"permit_cases": _CASES}

    def __init__(self, db: ViewDatabase) -> None:
        self._db = db

    async def on_recorded(self, event: ActivityRecorded) -> None:
        await self._db.execute(
            """
            INSERT INTO permit_cases (case_id, first_at, last_at, activities) VALUES (:case_id, :at, :at, 1)
            ON CONFLICT (case_id) DO UPDATE SET
                first_at = CASE WHEN :at < permit_cases.first_at THEN :at ELSE permit_cases.first_at END,
                last_at = CASE WHEN :at > permit_cases.last_at THEN :at ELSE permit_cases.last_at END,
                activities = permit_cases.activities + 1
            """,
            {"case_id": event.case_id, "at": (event.at - EPOCH) // MICROSECOND},
        )


class ActivityCountProjection(Projection):
    """A count is fed by all cases; whatever of one activity comes goes to one share, since an event has one activity."""

    name, version, partitions = "activity_counts", 1, 4
    tables: ClassVar = {"activity_counts": _COUNTS}

    def __init__(self, db: ViewDatabase) -> None:
        self._db = db

    @classmethod
    def partition_key(cls, event: ActivityRecorded) -> str:
        return event.activity

    async def on_recorded(self, event: ActivityRecorded) -> None:
        await self._db.execute(
            """
            INSERT INTO activity_counts (activity, recorded) VALUES (:activity, 1)
            ON CONFLICT (activity) DO UPDATE SET recorded = activity_counts.recorded + 1
            """,
            {"activity": event.activity},
        )


@dataclass(frozen=True, slots=True)
class CaseDTO:
    """A case.

    Attributes:
        case_id: its id.
        lasted: microseconds from its earliest to its latest activity.
        activities: how many there are.
    """

    case_id: str
    lasted: int
    activities: int


@dataclass(frozen=True, slots=True)
class ActivityCountDTO:
    activity: str
    recorded: int


@dataclass(frozen=True, slots=True)
class SlowestCasesQuery(Query[list[CaseDTO]]):
    limit: int = 10


class SlowestCasesQueryService:
    def __init__(self, db: ReadDatabase) -> None:
        self._db = db

    async def execute(self, query: SlowestCasesQuery) -> list[CaseDTO]:
        sql = """
            SELECT case_id, last_at - first_at AS lasted, activities FROM permit_cases
            ORDER BY last_at - first_at DESC, case_id LIMIT :limit
        """
        return list(await self._db.fetch(sql, {"limit": query.limit}, into=CaseDTO))


@dataclass(frozen=True, slots=True)
class CountActivitiesQuery(Query[list[ActivityCountDTO]]):
    pass


class CountActivitiesQueryService:
    def __init__(self, db: ReadDatabase) -> None:
        self._db = db

    async def execute(self, _: CountActivitiesQuery) -> list[ActivityCountDTO]:
        sql = "SELECT activity, recorded FROM activity_counts ORDER BY activity"
        return list(await self._db.fetch(sql, {}, into=ActivityCountDTO))
