import base64
import contextlib

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from duolog.errors import ForeignTokenError
from duolog.ids import uuid7
from duolog.read.position_token import PositionToken

POSITIONS = st.integers(0, 2**63 - 1)
TOKENS = st.builds(
    lambda log_id, ends, partitions: PositionToken(log_id, min(ends), max(ends), partitions),
    st.text(st.characters(exclude_categories=["Cs"]), max_size=64),
    st.tuples(POSITIONS, POSITIONS),
    st.frozensets(st.integers(0, 255)),
)


@given(token=TOKENS)
def test_a_token_survives_its_text(token: PositionToken) -> None:
    text = token.encode()
    assert PositionToken.decode(text) == token
    assert text.isascii()
    assert set("+/= ").isdisjoint(text)


def test_a_common_token_is_short() -> None:
    token = PositionToken(str(uuid7()), 1_000_000, 1_000_001, frozenset({7, 200}))
    assert len(token.encode()) <= 72


def decode_or_refuse(text: str) -> PositionToken | None:
    with contextlib.suppress(ForeignTokenError):
        return PositionToken.decode(text)
    return None


@given(text=st.text(max_size=2_000))
def test_whatever_text_comes_is_a_token_or_refused(text: str) -> None:
    token = decode_or_refuse(text)
    assert token is None or token.encode() == text


@given(raw=st.binary(max_size=800))
def test_whatever_bytes_come_are_a_token_or_refused(raw: bytes) -> None:
    text = base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
    token = decode_or_refuse(text)
    assert token is None or token.encode() == text


@given(token=TOKENS, place=st.integers(0), character=st.characters())
def test_a_changed_token_is_another_token_or_refused(token: PositionToken, place: int, character: str) -> None:
    text = token.encode()
    place %= len(text)
    changed = text[:place] + character + text[place + 1 :]
    found = decode_or_refuse(changed)
    assert found is None or found.encode() == changed


@pytest.mark.parametrize(
    "fields",
    [
        (2, "log", 1, 1, []),
        (1, "log", -1, 1, []),
        (1, "log", 1, 2**63, []),
        (1, "log", 2, 1, []),
        (1, "log", 1, 1, [256]),
        (1, "log", 1, 1, [2, 1]),
        (1, "log", 1, 1, [1, 1]),
        (1, "x" * 65, 1, 1, []),
        (1, "log", 1, 1),
        (1, "log", True, 1, []),
        (1, "log", 1.0, 1, []),
    ],
)
def test_fields_outside_their_bounds_are_refused(fields: tuple[object, ...]) -> None:
    text = base64.urlsafe_b64encode(msgspec.msgpack.encode(fields)).rstrip(b"=").decode()
    with pytest.raises(ForeignTokenError):
        PositionToken.decode(text)
