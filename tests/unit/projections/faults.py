"""View sessions whose commits fail on purpose, over real ones."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

from duolog.projections.materialized_view import ViewClass
from duolog.projections.view_database import ViewSession
from duolog.projections.views import OpenView
from duolog.subscriptions.checkpoints import CheckpointMove
from duolog.subscriptions.generations import Role
from duolog.subscriptions.parking import ParkedEvent
from duolog.subscriptions.share import Share


@dataclass
class Faults:
    """The next commits fail with these errors.

    Attributes:
        before: raised instead of committing, one a commit.
        after: raised when the commit has happened, one a commit.
        moves: every checkpoint move that was asked for.
    """

    before: list[Exception] = field(default_factory=list[Exception])
    after: list[Exception] = field(default_factory=list[Exception])
    moves: list[CheckpointMove] = field(default_factory=list[CheckpointMove])

    def around(self, open_view: OpenView) -> OpenView:
        def open_faulty(projection: ViewClass, share: Share, role: Role) -> ViewSession:
            return cast("ViewSession", FaultySession(open_view(projection, share, role), self))

        return open_faulty


class FaultySession:
    def __init__(self, session: ViewSession, faults: Faults) -> None:
        self._session = session
        self._faults = faults

    def __getattr__(self, name: str) -> Any:
        return getattr(self._session, name)

    async def commit(
        self, move: CheckpointMove, parked: Sequence[ParkedEvent] = (), *, unparked: Collection[int] = ()
    ) -> None:
        self._faults.moves.append(move)
        if self._faults.before:
            raise self._faults.before.pop(0)
        await self._session.commit(move, parked, unparked=unparked)
        if self._faults.after:
            raise self._faults.after.pop(0)
