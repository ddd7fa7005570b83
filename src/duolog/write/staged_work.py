"""What a unit of work has gathered so far."""

from collections.abc import Sequence
from uuid import UUID

from duolog.codec.event_codec import EventCodec
from duolog.eventstore.appends import Append
from duolog.eventstore.conditions import AppendCondition
from duolog.eventstore.expectations import ExpectedVersion
from duolog.tables.statements import Statement
from duolog.write.entity_states import UnitEntityStates
from duolog.write.idempotency import IdempotencyRecord
from duolog.write.sealed_work import SealedWork


class StagedWork:
    """Statements, appends and conditions in the order they were staged.

    Args:
        codec: encodes events.
        metadata: recorded with every event, encoded.

    Attributes:
        statements: on the application's tables.
        aside: on duolog's own tables, which no fetch of the application sees; they run at the commit.
        appends: events by stream.
        conditions: what must still hold at the commit.
    """

    __slots__ = ("_codec", "_metadata", "appends", "aside", "conditions", "statements")

    def __init__(self, codec: EventCodec, metadata: bytes) -> None:
        self._codec = codec
        self._metadata = metadata
        self.statements: list[Statement] = []
        self.aside: list[Statement] = []
        self.appends: list[Append] = []
        self.conditions: list[AppendCondition] = []

    @property
    def changes_something(self) -> bool:
        """Whether anything would change; a condition alone would not."""
        return bool(self.statements or self.aside or self.appends)

    def append(
        self, stream: str, events: Sequence[object], expected: ExpectedVersion, event_ids: Sequence[UUID] | None
    ) -> None:
        """Encode events for a stream; nothing happens for no events.

        Raises:
            PayloadError: an event cannot be stored.
        """
        if not events:
            return
        ids = event_ids if event_ids is not None else [None] * len(events)
        encoded = tuple(
            self._codec.encode(event, metadata=self._metadata, event_id=event_id)
            for event, event_id in zip(events, ids, strict=True)
        )
        self.appends.append(Append(stream, encoded, expected))

    def take_statements(self) -> list[Statement]:
        """Return the statements, and forget them."""
        taken, self.statements = self.statements, []
        return taken

    def clear(self) -> None:
        """Forget everything."""
        self.statements.clear()
        self.aside.clear()
        self.appends.clear()
        self.conditions.clear()

    def sealed(self, tenant: str, states: UnitEntityStates, idempotency: IdempotencyRecord | None) -> SealedWork:
        """Return it as the database gets it."""
        staged = (*self.statements, *self.aside), tuple(self.appends), tuple(self.conditions)
        return SealedWork(tenant, *staged, states.snapshots, idempotency)
