"""What subscriptions remember: checkpoints, leases and parked events, in dicts."""

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import replace

from duolog.adapters.memory.clock import DatabaseClock
from duolog.errors import CheckpointConflictError, LeaseLostError
from duolog.subscriptions.checkpoints import Checkpoint, CheckpointMove
from duolog.subscriptions.leases import Lease
from duolog.subscriptions.parking import ParkedEvent


class MemoryLeases:
    """`Leases` by the database's clock.

    Args:
        clock: the database's clock.
    """

    __slots__ = ("_clock", "_held", "_tokens")

    def __init__(self, clock: DatabaseClock) -> None:
        self._clock = clock
        self._held: dict[str, Lease] = {}
        self._tokens: Counter[str] = Counter()

    async def acquire(self, subscription: str, owner: str, *, seconds: float, take_over: bool = False) -> Lease | None:
        """Take or renew the lease on a subscription; see `Leases.acquire`."""
        now = self._clock.now()
        held = self._held.get(subscription)
        if held is None or held.expires_at <= now or (take_over and held.owner != owner):
            self._tokens[subscription] += 1
        elif held.owner != owner:
            return None
        lease = Lease(subscription, owner, self._tokens[subscription], now + round(seconds * 1_000_000))
        self._held[subscription] = lease
        return lease

    async def release(self, lease: Lease) -> None:
        """Give a lease back; does nothing if it is not held any more."""
        held = self._held.get(lease.subscription)
        if held is not None and held.token == lease.token:
            del self._held[lease.subscription]

    async def read_all(self) -> Sequence[Lease]:
        """Return all leases, by subscription."""
        return [self._held[subscription] for subscription in sorted(self._held)]

    def token(self, subscription: str) -> int:
        """Return the token of the last owner; 0 if there was none."""
        return self._tokens[subscription]


class MemoryCheckpoints:
    """`Checkpoints`, moved by compare-and-set in the step that commits the view.

    Args:
        clock: the database's clock.
        leases: whose tokens fence former owners off.
    """

    __slots__ = ("_by_name", "_clock", "_leases")

    def __init__(self, clock: DatabaseClock, leases: MemoryLeases) -> None:
        self._clock = clock
        self._leases = leases
        self._by_name: dict[str, Checkpoint] = {}

    async def read(self, subscription: str) -> Checkpoint | None:
        """Return a subscription's checkpoint, or None if it never ran."""
        return self._by_name.get(subscription)

    async def read_all(self) -> Sequence[Checkpoint]:
        """Return all checkpoints, by name."""
        return [self._by_name[name] for name in sorted(self._by_name)]

    def reset(self, subscription: str, version: int) -> Checkpoint:
        """Put a subscription back to the beginning of the log."""
        token = self._leases.token(subscription)
        checkpoint = Checkpoint(subscription, version, 0, token, self._clock.now())
        self._by_name[subscription] = checkpoint
        return checkpoint

    def replace(self, checkpoints: Sequence[Checkpoint]) -> None:
        """Put these in the place of all others."""
        self._by_name = {checkpoint.subscription: checkpoint for checkpoint in checkpoints}

    def drop(self, subscription: str) -> None:
        """Forget a subscription's checkpoint."""
        self._by_name.pop(subscription, None)

    def check(self, move: CheckpointMove) -> None:
        """Compare a checkpoint with what its owner believes.

        Raises:
            CheckpointConflictError: its version or position is another, or a later owner has a greater token.
        """
        known = self._by_name.get(move.subscription)
        at = (known.version, known.position) if known is not None else None
        if at != (move.version, move.old) or move.token < self._fence(move.subscription):
            message = f"subscription {move.subscription!r} was moved or taken over by somebody else"
            raise CheckpointConflictError(message)

    def check_token(self, subscription: str, token: int) -> None:
        """Refuse the token of a former owner.

        Raises:
            LeaseLostError: a later owner has a greater one.
        """
        if token < self._fence(subscription):
            message = f"somebody else took {subscription!r} over meanwhile"
            raise LeaseLostError(message)

    def _fence(self, subscription: str) -> int:
        known = self._by_name.get(subscription)
        return max(self._leases.token(subscription), known.token if known is not None else 0)

    def set(self, move: CheckpointMove) -> None:
        """Move a checkpoint that was checked in this step."""
        self._by_name[move.subscription] = Checkpoint(
            move.subscription, move.version, move.new, move.token, self._clock.now()
        )


class MemoryParking:
    """`Parking` by subscription and position.

    Args:
        clock: the database's clock.
    """

    __slots__ = ("_clock", "_parked")

    def __init__(self, clock: DatabaseClock) -> None:
        self._clock = clock
        self._parked: dict[tuple[str, int], ParkedEvent] = {}

    async def keys(self, subscription: str) -> frozenset[tuple[str, str]]:
        """Return (tenant, key) of everything that a subscription has parked."""
        return frozenset((event.tenant, event.key) for event in self._of(subscription))

    async def is_parked(self, subscription: str, positions: range) -> bool:
        """Tell whether a subscription has parked an event at one of these positions."""
        return any(event.position in positions for event in self._of(subscription))

    async def read(
        self,
        subscription: str | None = None,
        *,
        tenant: str | None = None,
        key: str | None = None,
        position: int | None = None,
        limit: int | None = 100,
    ) -> Sequence[ParkedEvent]:
        """Return parked events by position; see `Parking.read`."""
        chosen = [
            event
            for event in self._of(subscription)
            if tenant in (None, event.tenant) and key in (None, event.key) and position in (None, event.position)
        ]
        return sorted(chosen, key=lambda event: (event.position, event.subscription))[:limit]

    async def counts(self) -> dict[str, int]:
        """Return how many events each subscription has parked."""
        return dict(Counter(subscription for subscription, _ in self._parked))

    def park(self, events: Sequence[ParkedEvent]) -> None:
        """Set events aside."""
        now = self._clock.now()
        for event in events:
            self._parked[event.subscription, event.position] = replace(event, parked_at=now)

    def unpark(self, subscription: str, positions: Collection[int]) -> None:
        """Drop what a subscription has parked at these positions."""
        for position in positions:
            self._parked.pop((subscription, position), None)

    def forget(self, subscription: str) -> None:
        """Drop everything that a subscription has parked."""
        self._parked = {at: event for at, event in self._parked.items() if event.subscription != subscription}

    def all(self) -> Sequence[ParkedEvent]:
        """Return all parked events, by subscription and position."""
        return [self._parked[at] for at in sorted(self._parked)]

    def replace(self, events: Sequence[ParkedEvent]) -> None:
        """Put these, as they are, in the place of all others."""
        self._parked = {(event.subscription, event.position): event for event in events}

    def _of(self, subscription: str | None) -> list[ParkedEvent]:
        return [event for event in self._parked.values() if subscription in (None, event.subscription)]
