"""What the runtime is given to reach a projection's view and to build a projection."""

from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager

from duolog.projections.projection import Projection
from duolog.projections.view_database import ViewDatabase, ViewSession
from duolog.subscriptions.checkpoints import Checkpoint

PrepareView = Callable[[type[Projection]], Awaitable[Checkpoint]]
"""Creates a projection's tables and checkpoint where they are missing.

If they are of another version, the tables are made anew and the checkpoint and the parked events are reset, in one
transaction. Raises `StatementError` if the DDL is wrong.
"""

OpenView = Callable[[type[Projection]], ViewSession]
"""Opens the session for one batch of a projection."""

OpenProjection = Callable[[type[Projection], ViewDatabase], AbstractAsyncContextManager[Projection]]
"""Returns a context that builds a projection over its view for one batch, and gives up what it needed.

It is left before the commit; an error on leaving rolls the batch back.
"""
