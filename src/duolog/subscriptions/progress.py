"""How far the subscriptions are, and waiting until they have come far enough."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from duolog.subscriptions.backoff import Backoff
from duolog.subscriptions.checkpoints import Checkpoints

_FIRST_POLL: Final = 0.005
_LAST_POLL: Final = 0.1


@dataclass(frozen=True, slots=True)
class _Poller:
    backoff: Backoff
    task: asyncio.Task[None]


class Progress:
    """The board on which the runners of this process write how far they are, and on which queries wait.

    A subscription that another process owns is read from its checkpoint, by one poll for all who wait for it. Nobody
    holds a connection while waiting.

    Args:
        checkpoints: how far subscriptions are that other processes own.
        versions: of the views that are waited for here, by subscription; a view of another version does not count.
        moved: called with name and position whenever a subscription of this process has moved.
    """

    __slots__ = ("_checkpoints", "_moved", "_owned", "_pollers", "_versions", "_waiting")

    def __init__(
        self,
        checkpoints: Checkpoints,
        versions: Mapping[str, int] | None = None,
        moved: Callable[[str, int], None] | None = None,
    ) -> None:
        self._checkpoints = checkpoints
        self._moved = moved
        self._versions = versions or {}
        self._owned: dict[str, int] = {}
        self._waiting: dict[str, dict[asyncio.Future[None], int]] = {}
        self._pollers: dict[str, _Poller] = {}

    def moved(self, subscription: str, position: int) -> None:
        """Note that this process owns a subscription, and that everything wanted up to ``position`` is applied."""
        self._owned[subscription] = position
        if self._moved is not None:
            self._moved(subscription, position)
        self._wake(subscription, position)

    def disowned(self, subscription: str) -> None:
        """Note that this process does not own a subscription any more; it is read from its checkpoint from now on."""
        self._owned.pop(subscription, None)

    def has_reached(self, subscription: str, position: int) -> bool:
        """Tell, without asking the database, whether a subscription of this process has passed ``position``."""
        return self._owned.get(subscription, -1) >= position

    async def position(self, subscription: str) -> int:
        """Return how far a subscription is; 0 if it never ran.

        Raises:
            DatabaseError: its checkpoint could not be read.
        """
        owned = self._owned.get(subscription)
        return await self._stored(subscription) if owned is None else owned

    async def reached(self, subscription: str, position: int) -> None:
        """Wait, without a limit, until a subscription has passed ``position``.

        Raises:
            DatabaseError: its checkpoint could not be read.
        """
        reached = await self.position(subscription)
        self._wake(subscription, reached)
        if reached >= position:
            return
        waiter = asyncio.get_running_loop().create_future()
        waiting = self._waiting.setdefault(subscription, {})
        waiting[waiter] = position
        self._start_polling(subscription)
        try:
            await waiter
        finally:
            waiting.pop(waiter, None)
            if not waiting:
                self._waiting.pop(subscription, None)
                self._pollers.pop(subscription).task.cancel()

    def _start_polling(self, subscription: str) -> None:
        poller = self._pollers.get(subscription)
        if poller is None:
            backoff = Backoff(first=_FIRST_POLL, last=_LAST_POLL)
            task = asyncio.create_task(self._poll(subscription, backoff), name=f"poll {subscription}")
            self._pollers[subscription] = _Poller(backoff, task)
        else:
            poller.backoff.reset()

    async def _poll(self, subscription: str, backoff: Backoff) -> None:
        # Runs for an owned subscription too: it costs no read, and the runner may give it up while somebody waits.
        while True:
            await asyncio.sleep(backoff.pause())
            try:
                self._wake(subscription, await self.position(subscription))
            except Exception as error:  # noqa: BLE001 - whoever waits gets it
                self._fail(subscription, error)

    def _wake(self, subscription: str, position: int) -> None:
        for waiter, wanted in self._waiting.get(subscription, {}).items():
            if wanted <= position and not waiter.done():
                waiter.set_result(None)

    def _fail(self, subscription: str, error: Exception) -> None:
        for waiter in self._waiting.get(subscription, {}):
            if not waiter.done():
                waiter.set_exception(error)

    async def _stored(self, subscription: str) -> int:
        checkpoint = await self._checkpoints.read(subscription)
        if checkpoint is None or checkpoint.version != self._versions.get(subscription, checkpoint.version):
            return 0  # a view of another version is not the one that is waited for
        return checkpoint.position
