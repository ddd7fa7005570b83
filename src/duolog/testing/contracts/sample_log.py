"""A log as it comes from elsewhere, with texts and numbers that are easily spoilt on their way."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from typing import Final, TypeVar
from uuid import UUID

from duolog.database.transfer import (
    KeptKey,
    KeptPause,
    KeptProcess,
    LogIdentity,
    ProcessBeginning,
    Remembered,
    TenantSnapshot,
)
from duolog.eventstore.appends import Appended
from duolog.eventstore.streams import partition_of
from duolog.ids import uuid7
from duolog.messages.envelope import RecordedEvent
from duolog.process_managers.states import StoredProcess
from duolog.scheduling.scheduled_command import ScheduledCommand, ScheduledId, ScheduledState
from duolog.subscriptions.checkpoints import Checkpoint
from duolog.subscriptions.generations import Generation, Role
from duolog.subscriptions.parking import ParkedEvent, ParkReason
from duolog.subscriptions.pauses import Pause
from duolog.subscriptions.processed import Processed, Stretch
from duolog.subscriptions.share import Share
from duolog.write.idempotency import IdempotencyRecord, IdempotencyScope, StoredAnswer
from duolog.write.snapshots import StoredSnapshot

T = TypeVar("T")

LOG: Final = LogIdentity("log-0001", "check of a secret")
SOURCE: Final = "sqlite:///source.db"


def recorded(position: int, stream: str, version: int, *, tenant: str = "", tags: Sequence[str] = ()) -> RecordedEvent:
    """Make an event as a log would give it, with texts that are easily spoilt on their way."""
    return RecordedEvent(
        position=position,
        tenant=tenant,
        stream=stream,
        version=version,
        event_id=uuid7(),
        type="thing.happened",
        schema_version=3,
        tags=tuple(tags),
        partition=partition_of(tenant, stream),
        data=b'{"b": 1.50, "a":"\xc3\xa9\\\\ \\t\\"\xf0\x9f\x99\x82",  "c":[1e2,null]}',
        metadata=b'{"actor":"ada"}',
        recorded_at=1_700_000_000_000_000 + position,
    )


def sample_log() -> list[RecordedEvent]:
    """Make a log with gaps, tenants, tags and several streams."""
    return [
        recorded(3, "thing-1", 1, tags=("colour:red", "size:xl, {}\\\"'")),
        recorded(4, "thing-2", 1, tenant="acme"),
        recorded(9, "thing-1", 2, tags=("colour:blue",)),
        recorded(1_000, "thing-1", 1, tenant="acme"),
    ]


def reminder(number: int) -> ScheduledCommand:
    """Make a command that is due since long, in order with others of its key."""
    payload, metadata = '{"text":"ä"}'.encode(), b'{"actor":"ann"}'
    return ScheduledCommand(
        id=ScheduledId(UUID(int=number)),
        tenant="acme",
        command="user.remind",
        version=2,
        payload=payload,
        metadata=metadata,
        key="remind/ada",
        scheduled_at=number,
        due_at=10 + number,
        next_at=10 + number,
        state=ScheduledState.WAITING,
        owner="",
        attempts=0,
        error="",
        traceback="",
    )


def sample_memory() -> list[Sequence[Remembered]]:
    """Make what a database remembers of `sample_log`, in the order of `LogTransfer.remembered`."""
    scope = IdempotencyScope("acme", "ada", "thing.do")
    outcome = Appended(3, 9, {"thing-1": 2}, frozenset({7}))
    keys = [
        KeptKey(
            IdempotencyRecord(at, key, b"\x00\xff", b'{"id": 1}'),
            StoredAnswer(b"\x00\xff", b'{"id": 1}', outcome, '{"status": 201}' if key == "key-1" else None),
            5,
        )
        for at, key in ((replace(scope, operation="ZZ"), "key-1"), (scope, "Key-2"), (scope, "key-1"))
    ]
    waiting = StoredProcess("remind", "acme", "Émile", "stamp-1", 2, b'{"times": 1}')
    return [
        [Generation("a_view", 3, 2, Role.LIVE, 9, ("b", "a")), Generation("b_view", 1, 1, Role.LIVE, 1)],
        [
            Checkpoint(Share.of("a_view", 3, 0, 127), 2, 1_000, 17, 1_700_000_000_000_001, 5, 9, Processed(1, 2**61)),
            Checkpoint(Share.of("a_view", 3, 128, 255), 2, 9, 3, 8),
            Checkpoint(Share("b_view"), 1, 4, 1, 2),
        ],
        [Stretch(Share("a_view", 3), 0, 9, Processed(3, 17))],
        [KeptPause("a_view", Pause("ann", 79)), KeptPause("b_view", Pause("Émile", 80))],
        [ProcessBeginning("remind", 3), ProcessBeginning("welcome", 0)],
        [
            KeptProcess(StoredProcess("remind", "acme", "ada", "stamp-2", 1), 75),
            KeptProcess(replace(waiting, deadlines={"inactive": reminder(3).id}), 76),
        ],
        [
            reminder(3),
            replace(reminder(1), owner="host/ns/1/2", attempts=1),
            replace(reminder(2), state=ScheduledState.FAILED, error="E: é", traceback="at …"),
        ],
        [
            ParkedEvent("b_view", "", "thing-1", 9, "thing.happened", ParkReason.HANDLER_RAISED, "E: é", "at …", 77),
            ParkedEvent("b_view", "", "thing-1", 1_000, "thing.happened", ParkReason.BEHIND_PARKED, parked_at=78),
        ],
        [
            TenantSnapshot(tenant, StoredSnapshot("thing-1", 2, "thing", 1, b"\x00\x01\xff"))
            for tenant in ("", "acme", "émile")
        ],
        keys,
    ]


async def pages_of(pages: Sequence[Sequence[T]]) -> AsyncIterator[Sequence[T]]:
    """Yield pages as a database gives them."""
    for page in pages:
        yield page
