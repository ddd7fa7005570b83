"""How far the subscriptions are, and waiting until they have come far enough."""

import asyncio
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from duolog.subscriptions.backoff import Backoff
from duolog.subscriptions.checkpoints import Checkpoints
from duolog.subscriptions.share import Share

_FIRST_POLL: Final = 0.005
_LAST_POLL: Final = 0.1
ANYWHERE: Final[frozenset[int]] = frozenset()
"""Stands for all buckets."""


@dataclass(frozen=True, slots=True)
class _Poller:
    backoff: Backoff
    task: asyncio.Task[None]


@dataclass(frozen=True, slots=True)
class _Wanted:
    position: int
    buckets: frozenset[int]


class Progress:
    """The board on which the runners of this process write how far they are, and on which queries wait.

    A subscription is as far as the least of its live generation's shares, or of those that hold the wanted buckets. One
    of which other processes own shares is read from its checkpoints, by one poll for all who wait for it. Nobody holds
    a connection while waiting.

    Args:
        checkpoints: how far shares are that other processes own.
        keyed: subscriptions whose shares are divided by a key of their own, so that buckets of streams say nothing.
        moved: called with share and position whenever a share of this process has moved.
    """

    __slots__ = ("_checkpoints", "_keyed", "_layouts", "_moved", "_owned", "_pollers", "_waiting")

    def __init__(
        self,
        checkpoints: Checkpoints,
        moved: Callable[[Share, int], None] | None = None,
        *,
        keyed: Collection[str] = (),
    ) -> None:
        self._checkpoints = checkpoints
        self._moved = moved
        self._keyed = frozenset(keyed)
        self._layouts: dict[str, tuple[Share, ...]] = {}
        self._owned: dict[Share, int] = {}
        self._waiting: dict[str, dict[asyncio.Future[None], _Wanted]] = {}
        self._pollers: dict[str, _Poller] = {}

    def laid_out(self, subscription: str, shares: Sequence[Share]) -> None:
        """Note the shares of a subscription's live generation; of one of another version, none."""
        self._layouts[subscription] = tuple(shares)

    def moved(self, share: Share, position: int) -> None:
        """Note that this process owns a share, and that everything wanted up to ``position`` is applied."""
        self._owned[share] = position
        if self._moved is not None:
            self._moved(share, position)
        self._wake(share.subscription, self._known(share.subscription))

    def disowned(self, share: Share) -> None:
        """Note that this process does not own a share any more; it is read from its checkpoint from now on."""
        self._owned.pop(share, None)

    def has_reached(self, subscription: str, position: int, buckets: frozenset[int] = ANYWHERE) -> bool:
        """Tell, without asking the database, whether a subscription of this process has passed ``position``.

        Args:
            subscription: its name.
            position: a position.
            buckets: of the streams that matter; none for all.
        """
        known = self._known(subscription)
        return known is not None and self._least(subscription, known, buckets) >= position

    async def position(self, subscription: str, buckets: frozenset[int] = ANYWHERE) -> int:
        """Return how far a subscription is; 0 if it never ran. Arguments as `has_reached`.

        Raises:
            DatabaseError: its checkpoints could not be read.
        """
        return self._least(subscription, await self._positions(subscription), buckets)

    async def reached(self, subscription: str, position: int, buckets: frozenset[int] = ANYWHERE) -> None:
        """Wait, without a limit, until a subscription has passed ``position``. Arguments as `has_reached`.

        Raises:
            DatabaseError: its checkpoints could not be read.
        """
        positions = await self._positions(subscription)
        self._wake(subscription, positions)
        if self._least(subscription, positions, buckets) >= position:
            return
        waiter = asyncio.get_running_loop().create_future()
        waiting = self._waiting.setdefault(subscription, {})
        waiting[waiter] = _Wanted(position, buckets)
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
                self._wake(subscription, await self._positions(subscription))
            except Exception as error:  # noqa: BLE001 - whoever waits gets it
                self._fail(subscription, error)

    def _wake(self, subscription: str, positions: Mapping[Share, int] | None) -> None:
        waiting = self._waiting.get(subscription)
        if not waiting or positions is None:
            return
        for waiter, wanted in waiting.items():
            if not waiter.done() and self._least(subscription, positions, wanted.buckets) >= wanted.position:
                waiter.set_result(None)

    def _fail(self, subscription: str, error: Exception) -> None:
        for waiter in self._waiting.get(subscription, {}):
            if not waiter.done():
                waiter.set_exception(error)

    def _known(self, subscription: str) -> Mapping[Share, int] | None:
        """Return where all shares are, if this process owns all of them."""
        owned = self._owned
        layout = self._layouts.get(subscription)
        if not layout or any(share not in owned for share in layout):
            return None
        return {share: owned[share] for share in layout}

    async def _positions(self, subscription: str) -> Mapping[Share, int]:
        known = self._known(subscription)
        if known is not None:
            return known
        # Of whatever version the live view is: queries read it.
        return {
            each.share: max(each.position, self._owned.get(each.share, 0))
            for each in await self._checkpoints.read(subscription)
        }

    def _least(self, subscription: str, positions: Mapping[Share, int], buckets: frozenset[int]) -> int:
        if not buckets or subscription in self._keyed:
            return min(positions.values(), default=0)
        wanted = (at for share, at in positions.items() if not buckets.isdisjoint(share.buckets.numbers))
        return min(wanted, default=0)
