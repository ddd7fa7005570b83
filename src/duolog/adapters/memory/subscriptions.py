"""What subscriptions remember: generations, checkpoints and parked events, in dicts."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

from duolog.adapters.memory.clock import DatabaseClock
from duolog.adapters.memory.leases import MemoryLeases
from duolog.errors import CheckpointConflictError, LeaseLostError
from duolog.subscriptions.checkpoints import Checkpoint, CheckpointMove
from duolog.subscriptions.generations import Generation, Role, live_of
from duolog.subscriptions.parking import ParkedEvent
from duolog.subscriptions.processed import NOTHING, Stretch
from duolog.subscriptions.share import Buckets, Share
from duolog.tables.view_changes import ViewChanges


class MemoryGenerations:
    """`Generations`.

    Args:
        clock: the database's clock.
    """

    __slots__ = ("_by_key", "_clock")

    def __init__(self, clock: DatabaseClock) -> None:
        self._clock = clock
        self._by_key: dict[tuple[str, int], Generation] = {}

    async def read(self, subscription: str) -> Sequence[Generation]:
        """Return the generations of a subscription, by number; none if it never ran."""
        return self.of(subscription)

    async def read_all(self) -> Sequence[Generation]:
        """Return all generations, by subscription and number."""
        return [self._by_key[key] for key in sorted(self._by_key)]

    async def outlived(self, subscription: str, *, seconds: float) -> Sequence[Generation]:
        """Return the previous generations that have had their time; see `Generations.outlived`."""
        live, until = self.live(subscription), self._clock.now() - round(seconds * 1_000_000)
        return [
            each
            for each in self.of(subscription)
            if live is not None and each.role is Role.PREVIOUS and each.number < live.number and each.since <= until
        ]

    def of(self, subscription: str) -> list[Generation]:
        """Return the generations of a subscription, by number."""
        return [self._by_key[key] for key in sorted(self._by_key) if key[0] == subscription]

    def live(self, subscription: str) -> Generation | None:
        """Return the live generation of a subscription."""
        return live_of(self.of(subscription))

    def find(self, subscription: str, number: int) -> Generation | None:
        """Return a generation."""
        return self._by_key.get((subscription, number))

    def put(self, subscription: str, number: int, version: int, role: Role, tables: Sequence[str]) -> Generation:
        """Keep a generation that begins now."""
        generation = Generation(subscription, number, version, role, self._clock.now(), tuple(tables))
        self._by_key[subscription, number] = generation
        return generation

    def replace(self, generations: Sequence[Generation]) -> None:
        """Put these in the place of all others."""
        self._by_key = {(each.subscription, each.number): each for each in generations}

    def drop(self, subscription: str, number: int) -> None:
        """Forget a generation."""
        self._by_key.pop((subscription, number), None)


class MemoryCheckpoints:
    """`Checkpoints`, moved by compare-and-set in the step that commits the view.

    Args:
        clock: the database's clock.
        generations: which one is live.
        leases: whose tokens fence former owners off.
    """

    __slots__ = ("_by_key", "_clock", "_generations", "_leases", "_stretches")

    def __init__(self, clock: DatabaseClock, generations: MemoryGenerations, leases: MemoryLeases) -> None:
        self._clock = clock
        self._generations = generations
        self._leases = leases
        self._by_key: dict[tuple[str, int, int], Checkpoint] = {}
        self._stretches: list[Stretch] = []

    async def read(self, subscription: str) -> Sequence[Checkpoint]:
        """Return the checkpoints of the live generation's shares, by bucket; none if it never ran."""
        live = self._generations.live(subscription)
        return [] if live is None else self.of(subscription, live.number)

    async def read_share(self, share: Share) -> Checkpoint | None:
        """Return the checkpoint of a share, or None if there is none that has these very buckets."""
        known = self._by_key.get(share.key)
        return known if known is not None and known.share == share else None

    async def read_all(self) -> Sequence[Checkpoint]:
        """Return all checkpoints of all generations, by share."""
        return [self._by_key[key] for key in sorted(self._by_key)]

    async def stretches(self, subscription: str, generation: int) -> Sequence[Stretch]:
        """Return what was counted before the checkpoints' own counts began; see `Checkpoints.stretches`."""
        chosen = [each for each in self._stretches if each.share.key[:2] == (subscription, generation)]
        return sorted(chosen, key=lambda each: (each.through, each.share))

    def view_changes(self, views: Sequence[str]) -> Mapping[str, ViewChanges]:
        """Return what views have come to, by name; one that never ran is left out."""
        found: dict[str, ViewChanges] = {}
        for view in views:
            live = self._generations.live(view)
            shares = [] if live is None else self.of(view, live.number)
            if live is not None and shares:
                version = (live.since, live.number, sum(each.changes for each in shares))
                found[view] = ViewChanges(version, min(each.position for each in shares))
        return found

    def all_stretches(self) -> Sequence[Stretch]:
        """Return all stretches, by share and position."""
        return sorted(self._stretches, key=lambda each: (each.share.key, each.through))

    def of(self, subscription: str, generation: int) -> list[Checkpoint]:
        """Return the checkpoints of a generation, by bucket."""
        return [self._by_key[key] for key in sorted(self._by_key) if key[:2] == (subscription, generation)]

    def begin(self, subscription: str, generation: int, version: int, parts: Sequence[Buckets]) -> None:
        """Put a generation's shares at the beginning of the log."""
        self.drop(subscription, generation)
        for buckets in parts:
            share = Share(subscription, generation, buckets)
            self.put(Checkpoint(share, version, 0, self._leases.token(share), self._clock.now()))

    def put(self, checkpoint: Checkpoint) -> None:
        """Keep a checkpoint."""
        self._by_key[checkpoint.share.key] = checkpoint

    def take(self, share: Share) -> None:
        """Forget one share's checkpoint."""
        self._by_key.pop(share.key, None)

    def replace(self, checkpoints: Sequence[Checkpoint], stretches: Sequence[Stretch]) -> None:
        """Put these in the place of all others."""
        self._by_key = {checkpoint.share.key: checkpoint for checkpoint in checkpoints}
        self._stretches = list(stretches)

    def drop(self, subscription: str, generation: int) -> None:
        """Forget a generation's checkpoints."""
        self._by_key = {key: each for key, each in self._by_key.items() if key[:2] != (subscription, generation)}
        self._stretches = [each for each in self._stretches if each.share.key[:2] != (subscription, generation)]

    def check(self, move: CheckpointMove) -> None:
        """Compare a checkpoint with what its owner believes.

        Raises:
            CheckpointConflictError: share, version or position is another, or a later owner has a greater token.
        """
        known = self._by_key.get(move.share.key)
        at = (known.share, known.version, known.position) if known is not None else None
        if at != (move.share, move.version, move.old) or move.token < self.fence(move.share):
            message = f"{move.share} was moved or taken over by somebody else"
            raise CheckpointConflictError(message)

    def check_token(self, share: Share, token: int) -> None:
        """Refuse the token of a former owner.

        Raises:
            LeaseLostError: a later owner has a greater one.
        """
        if token < self.fence(share):
            message = f"somebody else took {share} over meanwhile"
            raise LeaseLostError(message)

    def check_tokens(self, subscription: str, tokens: Mapping[tuple[str, int, int], int]) -> None:
        """Refuse who does not have the latest token of each share of a subscription; see `check_token`."""
        for checkpoint in self._by_key.values():
            if checkpoint.subscription == subscription:
                self.check_token(checkpoint.share, tokens.get(checkpoint.share.key, 0))

    def fence(self, share: Share) -> int:
        """Return the token of the last owner that anybody knows of; 0 if there was none."""
        known = self._by_key.get(share.key)
        return max(self._leases.token(share), known.token if known is not None else 0)

    def set(self, move: CheckpointMove, *, wrote: bool) -> None:
        """Move a checkpoint that was checked in this step."""
        known = self._by_key[move.share.key]
        after, processed = known.counted_after, known.processed
        if move.ends_stretch:
            self.end_stretch(known)
            after, processed = move.old, NOTHING
        self.put(
            Checkpoint(
                move.share,
                move.version,
                move.new,
                move.token,
                self._clock.now(),
                known.changes + wrote,
                after,
                processed + move.processed,
            )
        )

    def end_stretch(self, known: Checkpoint) -> None:
        """Keep what was counted up to a checkpoint's position, if anything was looked at."""
        if known.position > known.counted_after:
            self._stretches.append(Stretch(known.share, known.counted_after, known.position, known.processed))


class MemoryParking:
    """`Parking` by subscription, generation and position.

    Args:
        clock: the database's clock.
        generations: which one is live.
    """

    __slots__ = ("_clock", "_generations", "_parked")

    def __init__(self, clock: DatabaseClock, generations: MemoryGenerations) -> None:
        self._clock = clock
        self._generations = generations
        self._parked: dict[tuple[str, int, int], ParkedEvent] = {}

    async def keys(self, share: Share) -> frozenset[tuple[str, str]]:
        """Return (tenant, key) of everything that is parked of a share."""
        return frozenset(
            (event.tenant, event.key)
            for event in self._of(share.subscription, share.generation)
            if share.buckets.hold(event.tenant, event.key)
        )

    async def is_parked(self, subscription: str, positions: range) -> bool:
        """Tell whether an event at one of these positions is parked, so that the live view lacks it."""
        live = self._generations.live(subscription)
        return live is not None and any(event.position in positions for event in self._of(subscription, live.number))

    async def read(
        self,
        subscription: str | None = None,
        *,
        tenant: str | None = None,
        key: str | None = None,
        position: int | None = None,
        generation: int | None = None,
        limit: int | None = 100,
    ) -> Sequence[ParkedEvent]:
        """Return parked events by position; see `Parking.read`."""
        chosen = [
            event
            for event in self._of(subscription, generation)
            if tenant in (None, event.tenant) and key in (None, event.key) and position in (None, event.position)
        ]
        return sorted(chosen, key=lambda event: (event.position, event.subscription, event.generation))[:limit]

    async def counts(self) -> dict[str, int]:
        """Return how many events each live view lacks because they are parked."""
        lives = {
            each.subscription: each.number for each in await self._generations.read_all() if each.role is Role.LIVE
        }
        return dict(Counter(name for name, number, _ in self._parked if lives.get(name) == number))

    def park(self, events: Sequence[ParkedEvent]) -> None:
        """Set events aside."""
        now = self._clock.now()
        for event in events:
            self._parked[event.subscription, event.generation, event.position] = replace(event, parked_at=now)

    def unpark(self, share: Share, positions: Collection[int]) -> None:
        """Drop what is parked at these positions."""
        for position in positions:
            self._parked.pop((share.subscription, share.generation, position), None)

    def forget(self, subscription: str, generation: int) -> None:
        """Drop everything that a generation has parked."""
        self._parked = {at: event for at, event in self._parked.items() if at[:2] != (subscription, generation)}

    def all(self) -> Sequence[ParkedEvent]:
        """Return all parked events, by subscription, generation and position."""
        return [self._parked[at] for at in sorted(self._parked)]

    def replace(self, events: Sequence[ParkedEvent]) -> None:
        """Put these, as they are, in the place of all others."""
        self._parked = {(event.subscription, event.generation, event.position): event for event in events}

    def _of(self, subscription: str | None, generation: int | None) -> list[ParkedEvent]:
        return [
            event
            for event in self._parked.values()
            if subscription in (None, event.subscription) and generation in (None, event.generation)
        ]
