"""Encoding and decoding one event."""

from collections.abc import AsyncGenerator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from uuid import UUID

import msgspec

from benchmarks.harness.case import Case, Comparison, Round, Sample, Target
from benchmarks.harness.sizes import Sizes
from benchmarks.harness.stopwatch import time_calls
from benchmarks.peers.eventsourcing_accounts import Account, Accounts
from benchmarks.workloads.accounts import AccountOpened, opened
from benchmarks.workloads.application import make_codec
from benchmarks.workloads.payload import EMAIL, NAME, OPENED_AT, ROLE
from duolog.ids import uuid7
from duolog.messages.envelope import NewEvent, RecordedEvent


def coding(sizes: Sizes) -> Comparison:
    """Compare the codec with eventsourcing's mapper, on the event that all other rows store too."""
    count = sizes.codings

    def ours(event_id: UUID | None) -> Callable[[Path], AbstractAsyncContextManager[Round]]:
        @asynccontextmanager
        async def opening(_: Path) -> AsyncGenerator[Round]:
            codec, event = make_codec(), opened(uuid7())

            async def measure() -> Sample:
                return time_calls(lambda: codec.decode_all(_recorded(codec.encode(event, event_id=event_id))), count)

            assert codec.decode_all(_recorded(codec.encode(event))) == (event,)
            yield measure

        return opening

    @asynccontextmanager
    async def bare(_: Path) -> AsyncGenerator[Round]:
        event = opened(uuid7())
        encode, decode = msgspec.json.Encoder().encode, msgspec.json.Decoder(AccountOpened).decode

        async def measure() -> Sample:
            return time_calls(lambda: decode(encode(event)), count)

        yield measure

    @asynccontextmanager
    async def peer(_: Path) -> AsyncGenerator[Round]:
        app = Accounts()  # in memory: its mapper with the default transcoder
        event = Account(NAME, EMAIL, ROLE, OPENED_AT).collect_events()[0]
        mapper = app.mapper

        async def measure() -> Sample:
            return time_calls(lambda: mapper.to_domain_event(mapper.to_stored_event(event)), count)

        assert mapper.to_domain_event(mapper.to_stored_event(event)) == event
        yield measure
        app.close()

    cases = (
        Case("duolog, codec", ours(None)),
        Case("duolog, codec, the event's id is given", ours(uuid7())),
        Case("msgspec, without envelope and rules", bare),
        Case("eventsourcing, mapper", peer),
    )
    return Comparison(
        "coding",
        "Encode and decode an event",
        "event",
        cases,
        reference="eventsourcing, mapper",
        per_operation=True,
        targets=(Target("duolog, codec", "eventsourcing, mapper", 12, "≥ 12x eventsourcing's mapper"),),
    )


def _recorded(event: NewEvent) -> RecordedEvent:
    """Make the envelope that a reader gets; that it costs time here is to duolog's disadvantage."""
    return RecordedEvent(
        1, "", "account-1", 1, event.event_id, event.type, event.schema_version, (), 1, event.data, event.metadata, 1
    )
