"""What the runtime is given to reach a projection's view and to build a projection."""

from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager

from duolog.projections.projection import Projection
from duolog.projections.view_database import ViewDatabase, ViewSession
from duolog.subscriptions.checkpoints import Checkpoint

PrepareView = Callable[[type[Projection], int | None], Awaitable[Checkpoint]]
"""Creates a projection's tables and checkpoint where they are missing, and returns the checkpoint.

If they are of another version, and the token of the owner's lease is given, the tables are made anew and the checkpoint
and the parked events are reset, in one transaction; without a token they are left alone. Raises `StatementError` if the
DDL is wrong, `LeaseLostError` if the token is a former owner's.
"""

OpenView = Callable[[type[Projection]], ViewSession]
"""Opens the session for one batch of a projection."""

OpenProjection = Callable[[type[Projection], ViewDatabase], AbstractAsyncContextManager[Projection]]
"""Returns a context that builds a projection over its view for one batch, and gives up what it needed.

It is left before the commit; an error on leaving rolls the batch back.
"""
