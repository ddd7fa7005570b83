"""What the runtime is given to reach a projection's view and to build a projection."""

from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager

from duolog.projections.projection import Projection
from duolog.projections.view_database import ViewDatabase, ViewSession
from duolog.subscriptions.checkpoints import Checkpoint
from duolog.subscriptions.generations import Role
from duolog.subscriptions.share import Share

PrepareView = Callable[[type[Projection], int | None], Awaitable[Sequence[Checkpoint]]]
"""Creates a projection's tables and checkpoint where they are missing, and returns those of its shares.

If they are of another version, and the token of the owner's lease is given, the tables are made anew and the checkpoint
and the parked events are reset, in one transaction; without a token they are left alone. Raises `StatementError` if the
DDL is wrong, `LeaseLostError` if the token is a former owner's.
"""

OpenView = Callable[[type[Projection], Share, Role], ViewSession]
"""Opens the session for one batch of a share of a projection, whose generation has a role."""

OpenProjection = Callable[[type[Projection], ViewDatabase], AbstractAsyncContextManager[Projection]]
"""Returns a context that builds a projection over its view for one batch, and gives up what it needed.

It is left before the commit; an error on leaving rolls the batch back.
"""
