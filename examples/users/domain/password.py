"""Passwords: the rule for new ones, and the port that hashes them."""

from typing import Final, Protocol

from users.domain.errors import WeakPasswordError

SHORTEST: Final = 8  # characters
LONGEST: Final = 128  # bytes in UTF-8: hashing more would cost memory and time for nothing


def check_new_password(password: str) -> str:
    """Return a password that a user may choose.

    Raises:
        WeakPasswordError: it is too short or too long.
    """
    if len(password) < SHORTEST:
        message = f"a password needs {SHORTEST} characters or more"
        raise WeakPasswordError(message)
    if len(password.encode(errors="replace")) > LONGEST:
        message = f"a password has {LONGEST} bytes at most"
        raise WeakPasswordError(message)
    return password


class PasswordHasher(Protocol):
    """Hashes passwords slowly, so that a stolen hash is of little use."""

    async def hash(self, password: str) -> str:
        """Return a salted hash that says how it was made."""
        ...

    async def verify(self, password: str, password_hash: str | None) -> bool:
        """Tell whether a password belongs to a hash.

        Args:
            password: what was typed in.
            password_hash: the user's; None for a user that does not exist costs the same time, and is False.
        """
        ...
