"""The application's secret, wrapped so that it is never shown."""

import hashlib
import hmac
import os
from dataclasses import dataclass, field
from typing import Final

from duolog.errors import MissingSecretError

ENVIRONMENT_VARIABLE: Final = "DUOLOG_SECRET"
_SHORTEST: Final = 16


@dataclass(frozen=True, slots=True)
class Secret:
    """The key of all signatures and keyed hashes of one application.

    Attributes:
        value: 16 bytes or more; left out of the repr.
    """

    value: bytes = field(repr=False)

    @property
    def check(self) -> str:
        """A keyed value by which a log knows the secret again; it tells nothing about it."""
        return hmac.digest(self.value, b"duolog secret check", hashlib.sha256)[:16].hex()

    @classmethod
    def find(cls, given: str | bytes | None) -> "Secret":
        """Take the given secret, or that of the environment variable ``DUOLOG_SECRET``.

        Raises:
            MissingSecretError: there is none, or it is shorter than 16 bytes.
        """
        value = given if given is not None else os.environ.get(ENVIRONMENT_VARIABLE, "")
        key = value.encode() if isinstance(value, str) else value
        if len(key) < _SHORTEST:
            message = f"the application's secret is {'too short' if key else 'missing'}"
            hint = (
                f"Pass Application(secret=...) or set {ENVIRONMENT_VARIABLE}; {_SHORTEST} bytes or more, for example "
                "from `python -c 'import secrets; print(secrets.token_urlsafe(32))'`."
            )
            raise MissingSecretError(message, hint=hint)
        return cls(key)
