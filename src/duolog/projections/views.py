"""What the runtime is given to reach a projection's view and to build a projection."""

from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Protocol

from duolog.projections.materialized_view import ViewClass
from duolog.projections.projection import Projection
from duolog.projections.view_database import ViewDatabase, ViewSession
from duolog.subscriptions.checkpoints import Checkpoint
from duolog.subscriptions.generations import Generation, Role
from duolog.subscriptions.leases import Lease
from duolog.subscriptions.share import Share

PrepareView = Callable[[ViewClass, Lease | None], Awaitable[Sequence[Checkpoint]]]
"""Creates a projection's tables and checkpoint where they are missing, and returns those of its shares.

A view of another version is left alone. If one of this version lost a table, and the lease of a share's owner is
given, it begins anew, in one transaction. Raises `StatementError` if the DDL is wrong, `LeaseLostError` if the lease is
a former owner's.
"""

OpenView = Callable[[ViewClass, Share, Role], ViewSession]
"""Opens the session for one batch of a share of a projection, whose generation has a role."""

OpenProjection = Callable[[type[Projection], ViewDatabase], AbstractAsyncContextManager[Projection]]
"""Returns a context that builds a projection over its view for one batch, and gives up what it needed.

It is left before the commit; an error on leaving rolls the batch back.
"""


class ViewGenerations(Protocol):
    """Makes, switches and drops generations of projections' views; what it raises is said at the database's port."""

    async def create_shadow(self, projection: ViewClass) -> Generation:
        """Create a further generation of a view that has a live one, or return the shadow of this version."""
        ...

    async def finish_load(self, projection: ViewClass, number: int) -> None:
        """Bring a loaded generation into the state in which queries are to find it: indexes, statistics."""
        ...

    async def switch(self, projection: ViewClass, number: int, *, accept_behind: bool = False) -> Generation:
        """Try once to let queries read a generation, and return it; the live one becomes a previous one."""
        ...

    async def drop(self, projection: ViewClass, number: int) -> None:
        """Remove a generation that is not live; does nothing if there is no such generation."""
        ...
