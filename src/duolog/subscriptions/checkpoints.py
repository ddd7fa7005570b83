"""How far the shares of a subscription have come, and the compare-and-set by which they move on."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from duolog.messages.envelope import RecordedEvent
from duolog.subscriptions.processed import NOTHING, STRETCH, Processed, Stretch
from duolog.subscriptions.share import Share


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """How far a share has come.

    Attributes:
        share: the share.
        version: version of the code that processed up to here.
        position: last applied position; everything wanted up to it was applied or parked.
        token: fencing token of the last owner.
        updated_at: when it moved last, microseconds since 1970, by the database's clock.
        changes: how many commits have written something to the view, or set something aside; it only grows.
        counted_after: ``processed`` counts what came above this position; what came before is in the stretches.
        processed: count and digest of what was processed there.
    """

    share: Share
    version: int
    position: int
    token: int
    updated_at: int
    changes: int = 0
    counted_after: int = 0
    processed: Processed = NOTHING

    @property
    def subscription(self) -> str:
        """The subscription's name."""
        return self.share.subscription


@dataclass(frozen=True, slots=True)
class CheckpointMove:
    """Moves a checkpoint if it is where its owner believes it to be, in the same transaction as what was processed.

    Attributes:
        share: the share.
        version: version of the code.
        token: the owner's fencing token.
        old: the position that it must have.
        new: the position that it gets.
        processed: count and digest of the wanted events in between, which are applied or parked with it.
    """

    share: Share
    version: int
    token: int
    old: int
    new: int
    processed: Processed = NOTHING

    def over(
        self, events: Sequence[RecordedEvent], *, old: int | None = None, new: int | None = None
    ) -> "CheckpointMove":
        """Return the move over these events only, or between other positions."""
        return replace(
            self,
            old=self.old if old is None else old,
            new=self.new if new is None else new,
            processed=Processed.of([event.position for event in events]),
        )

    @property
    def ends_stretch(self) -> bool:
        """Whether the stretch of the audit that is being counted ends at ``old``, and another one begins."""
        return self.old // STRETCH != self.new // STRETCH


class Checkpoints(Protocol):
    """Reads checkpoints; they are written only together with what was processed."""

    async def read(self, subscription: str) -> Sequence[Checkpoint]:
        """Return the checkpoints of the live generation's shares, by bucket; none if it never ran."""
        ...

    async def read_share(self, share: Share) -> Checkpoint | None:
        """Return the checkpoint of a share, or None if there is none that has these very buckets."""
        ...

    async def read_all(self) -> Sequence[Checkpoint]:
        """Return all checkpoints of all generations, by share."""
        ...

    async def stretches(self, subscription: str, generation: int) -> Sequence[Stretch]:
        """Return what was counted before the checkpoints' own counts began, by position and bucket."""
        ...
