import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from duolog.codec.signer import Signer
from duolog.errors import InvalidSignatureError

SIGNER = Signer(b"a secret", "cursor")


@given(st.binary(max_size=200))
def test_a_signed_payload_comes_back(payload: bytes) -> None:
    text = SIGNER.sign(payload)
    assert set(text) <= set(string.ascii_letters + string.digits + "-_")
    assert SIGNER.verify(text) == payload


@pytest.mark.parametrize("payload", [b"", b"a", b"ab", b"abc", b'{"after":["a",1]}'])
def test_no_character_can_be_changed(payload: bytes) -> None:
    text = SIGNER.sign(payload)
    for place, character in enumerate(text):
        for other in {*string.ascii_letters, *string.digits, "-", "_", "+", "/", "=", "é", " "} - {character}:
            with pytest.raises(InvalidSignatureError):
                SIGNER.verify(text[:place] + other + text[place + 1 :])


def test_nothing_can_be_added_or_taken_away() -> None:
    text = SIGNER.sign(b"payload")
    for other in ("", text[:-1], text[1:], text + "A", "A" + text, text + "=", text + "==", text + "\n", text * 2):
        with pytest.raises(InvalidSignatureError):
            SIGNER.verify(other)


@given(st.text(max_size=60))
def test_a_made_up_text_is_refused(text: str) -> None:
    with pytest.raises(InvalidSignatureError):
        SIGNER.verify(text)


def test_another_secret_or_purpose_does_not_verify() -> None:
    text = SIGNER.sign(b"payload")
    for other in (Signer(b"another secret", "cursor"), Signer(b"a secret", "token")):
        with pytest.raises(InvalidSignatureError):
            other.verify(text)


def test_a_huge_text_is_refused_unread() -> None:
    with pytest.raises(InvalidSignatureError):
        SIGNER.verify("A" * 10_000_000)
