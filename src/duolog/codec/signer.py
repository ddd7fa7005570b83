"""Signed opaque texts: cursors and bearer tokens that only this application's secret can make."""

import base64
import binascii
import hashlib
import hmac
from typing import Final

from duolog.errors import InvalidSignatureError

_MAC_BYTES: Final = 16
_LONGEST: Final = 4096


class Signer:
    """Signs and verifies small payloads with HMAC-SHA256 (RFC 2104), one key for each purpose.

    Args:
        secret: the application's secret.
        purpose: what the texts are for; a text signed for another purpose does not verify.
    """

    __slots__ = ("_key",)

    def __init__(self, secret: bytes, purpose: str) -> None:
        self._key = hmac.digest(secret, f"duolog {purpose}".encode(), hashlib.sha256)

    def sign(self, payload: bytes) -> str:
        """Return ``payload`` and its signature as one URL-safe text."""
        return _text(self._mac(payload) + payload)

    def verify(self, text: str) -> bytes:
        """Return the payload of a signed text.

        Raises:
            InvalidSignatureError: it was altered, or signed with another secret or for another purpose.
        """
        message = "the signature does not fit"
        if len(text) > _LONGEST or not text.isascii():
            raise InvalidSignatureError(message)
        try:
            raw = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
        except (binascii.Error, ValueError) as error:
            raise InvalidSignatureError(message) from error
        if _text(raw) != text:  # base64 has several texts for the same bytes, of which only one was signed
            raise InvalidSignatureError(message)
        mac, payload = raw[:_MAC_BYTES], raw[_MAC_BYTES:]
        if not hmac.compare_digest(mac, self._mac(payload)):
            raise InvalidSignatureError(message)
        return payload

    def _mac(self, payload: bytes) -> bytes:
        return hmac.digest(self._key, payload, hashlib.sha256)[:_MAC_BYTES]


def _text(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
