"""E16: whatever bytes come, a decoder refuses them with the error it declares, or takes what was really written."""

import base64
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from uuid import UUID

import pytest
from hypothesis import given, seed, settings
from hypothesis import strategies as st

from duolog import Actor, PositionToken, event
from duolog.codec.event_codec import EventCodec
from duolog.codec.event_types import EventTypes
from duolog.codec.signer import Signer
from duolog.codec.tags import Tagger
from duolog.errors import ForeignTokenError, InvalidCursorError, UndecodableEventError
from duolog.integrations.fastapi import BearerTokens
from duolog.messages.envelope import RecordedEvent
from duolog.read.cursors import CURSOR_PURPOSE, Cursor, Cursors, Direction
from tests.faults.experiment import Answer, Experiment, size
from tests.faults.inputs import HEALTH

EXAMPLES = size(short=100, long=1_000)
SECRET = b"a secret for tests only, 32 bytes"
FINGERPRINT = b"f" * 16
NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


@event("order.placed", version=2, upcasts={1: lambda payload: {**payload, "total": payload["price"] * 1}})
@dataclass(frozen=True, slots=True)
class OrderPlaced:
    order: UUID
    at: datetime
    total: Decimal
    lines: list[str]


PAYLOAD = b'{"order":"00000000-0000-4000-8000-000000000000","at":"2026-01-01T12:00:00Z","total":"1.5","lines":["a"]}'
CURSOR = Cursor(FINGERPRINT, Direction.FORWARD, NOON, Decimal("1.50"))
TOKEN = PositionToken("log", 3, 5, frozenset({1, 255}))
ACTOR = Actor("ann", frozenset({"admin"}))

cursors = Cursors.with_secret(SECRET)
bearer = BearerTokens(SECRET)
codec = EventCodec(EventTypes([OrderPlaced]), Tagger(SECRET))


def decode_event(data: bytes, version: int = 2) -> object:
    return codec.decode_all(
        RecordedEvent(1, "", "order-1", 1, UUID(int=1), "order.placed", version, (), 0, data, b"{}", 0)
    )


def decode_old_event(data: bytes) -> object:
    return decode_event(data, 1)


def read_cursor(text: bytes) -> object:
    return cursors.read(text.decode("latin-1"), fingerprint=FINGERPRINT)


def read_cursor_bytes(raw: bytes) -> object:
    return read_cursor(text_of(raw))


def read_signed_cursor(payload: bytes) -> object:
    """As if a former release had signed another form."""
    return cursors.read(Signer(SECRET, CURSOR_PURPOSE).sign(payload), fingerprint=FINGERPRINT)


def read_bearer(text: bytes) -> object:
    return bearer.actor_of(f"Bearer {text.decode('latin-1')}")


def read_bearer_bytes(raw: bytes) -> object:
    return read_bearer(text_of(raw))


def read_signed_bearer(payload: bytes) -> object:
    return bearer.verify(Signer(SECRET, "bearer").sign(payload))


def read_token(text: bytes) -> object:
    return PositionToken.decode(text.decode("latin-1"))


def read_packed_token(packed: bytes) -> object:
    return PositionToken.decode(text_of(packed).decode())


def text_of(raw: bytes) -> bytes:
    """Return the text that stands for bytes in tokens and cursors."""
    return base64.urlsafe_b64encode(raw).rstrip(b"=")


def raw_of(text: str) -> bytes:
    """Return the bytes that a text stands for; of a signed text, the signature takes the first 16."""
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


@dataclass(frozen=True, slots=True)
class Decoder:
    """A decoder under test.

    Attributes:
        decode: takes bytes.
        valid: bytes that it takes.
        errors: what it may raise; anything else fails the test.
        forgeable: whether changed bytes may be taken for something else; nobody can forge what is signed.
    """

    decode: Callable[[bytes], object]
    valid: bytes
    errors: tuple[type[Exception], ...]
    forgeable: bool


_cursor = cursors.write(CURSOR)
_bearer = bearer.issue(ACTOR, timedelta(days=1))[0]
DECODERS = {
    "event payloads": Decoder(decode_event, PAYLOAD, (UndecodableEventError,), forgeable=True),
    "event payloads of an old version": Decoder(
        decode_old_event, PAYLOAD.replace(b"total", b"price"), (UndecodableEventError,), forgeable=True
    ),
    "cursors": Decoder(read_cursor, _cursor.encode(), (InvalidCursorError,), forgeable=False),
    "bytes of cursors": Decoder(read_cursor_bytes, raw_of(_cursor), (InvalidCursorError,), forgeable=False),
    "signed cursors": Decoder(read_signed_cursor, raw_of(_cursor)[16:], (InvalidCursorError,), forgeable=True),
    "bearer tokens": Decoder(read_bearer, _bearer.encode(), (), forgeable=False),
    "bytes of bearer tokens": Decoder(read_bearer_bytes, raw_of(_bearer), (), forgeable=False),
    "signed bearer tokens": Decoder(read_signed_bearer, raw_of(_bearer)[16:], (), forgeable=True),
    "position tokens": Decoder(read_token, TOKEN.encode().encode(), (ForeignTokenError,), forgeable=True),
    "packed position tokens": Decoder(
        read_packed_token,
        raw_of(TOKEN.encode()),
        (ForeignTokenError,),
        forgeable=True,
    ),
}

_EDITS = st.lists(
    st.tuples(
        st.integers(0, 400),
        st.sampled_from(["replace", "insert", "delete", "cut"]),
        st.binary(min_size=1, max_size=4) | st.sampled_from([b"9" * 5_000, b"[" * 3_000, b'"NaN"', b"1e999", b"\xff"]),
    ),
    min_size=1,
    max_size=4,
)


def edited(valid: bytes, edits: list[tuple[int, str, bytes]]) -> bytes:
    """Change bytes here and there."""
    changed = bytearray(valid)
    for place, how, put in edits:
        at = place % (len(changed) + 1)
        if how == "cut":
            del changed[at:]
        else:
            changed[at : at + (0 if how == "insert" else len(put))] = b"" if how == "delete" else put
    return bytes(changed)


@pytest.mark.parametrize("name", sorted(DECODERS))
def test_a_decoder_raises_nothing_but_its_own_error(name: str) -> None:
    experiment = Experiment(f"E16 decoders: {name}")
    decoder = DECODERS[name]
    genuine = decoder.decode(decoder.valid)
    assert genuine is not None

    @seed(experiment.seed)
    @settings(max_examples=EXAMPLES, deadline=None, database=None, suppress_health_check=HEALTH)
    @given(_EDITS.map(lambda edits: edited(decoder.valid, edits)) | st.binary(max_size=200))
    def any_bytes(changed: bytes) -> None:
        operation = str(len(experiment.operations))
        experiment.invoke(operation)
        if changed != decoder.valid:
            experiment.fault("altered bytes")
        try:
            found = decoder.decode(changed)
        except decoder.errors:
            experiment.answer(operation, Answer.FAIL)
        else:
            experiment.answer(operation, Answer.FAIL if found is None else Answer.OK)
            assert decoder.forgeable or found is None or changed.strip() == decoder.valid, "it took a forgery"

    any_bytes()
    experiment.conclude()
