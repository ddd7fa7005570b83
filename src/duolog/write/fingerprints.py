"""Fingerprints of commands, to tell whether one that comes again is the same."""

import hashlib
import hmac
from typing import Final

import msgspec

from duolog.errors import PayloadError

_encoder: Final = msgspec.json.Encoder(order="sorted")


class Fingerprints:
    """HMAC-SHA256 (RFC 2104) over a command's canonical encoding.

    It is keyed, so that nobody who reads the database can try out what a command held, like a password.

    Args:
        secret: the application's secret.
    """

    __slots__ = ("_keyed",)

    def __init__(self, secret: bytes) -> None:
        # Keyed once, and copied: `hmac.digest` would also give up the interpreter's lock each time, and wait for it.
        self._keyed = hmac.new(hmac.digest(secret, b"duolog fingerprints", hashlib.sha256), digestmod=hashlib.sha256)

    def of(self, name: str, command: object) -> bytes:
        """Return the fingerprint of a command.

        Args:
            name: of its type.
            command: the command.

        Raises:
            PayloadError: a field's value cannot be encoded.
        """
        try:
            data = _encoder.encode(command)
        except (msgspec.MsgspecError, TypeError, ValueError, OverflowError, RecursionError) as error:
            message = f"{name} takes no idempotency key: it cannot be encoded ({type(error).__name__})"
            hint = "Give it fields of plain types, dataclasses, dates, UUIDs, and lists of them."
            raise PayloadError(message, hint=hint) from None
        fingerprint = self._keyed.copy()
        fingerprint.update(name.encode() + b"\x1f" + data)
        return fingerprint.digest()
