"""Telling by its name that a field holds a secret."""

import re
from functools import lru_cache
from itertools import pairwise
from typing import Final

_WORDS: Final = frozenset(
    {
        "password",
        "passwd",
        "pwd",
        "passphrase",
        "passcode",
        "secret",
        "secrets",
        "token",
        "credential",
        "credentials",
        "otp",
        "totp",
        "pin",
        "cvv",
        "cvc",
    }
)
_PAIRS: Final = frozenset({("api", "key"), ("private", "key"), ("access", "key"), ("signing", "key")})
# What such a name ends with says something of a secret, and is none: `password_changed_at`, `token_type`.
_ABOUT: Final = frozenset(
    {
        *("at", "on", "until", "since", "date", "time", "expires", "expiry", "seconds", "minutes", "hours", "days"),
        *("count", "length", "policy", "type", "kind", "url", "uri"),
    }
)


@lru_cache(maxsize=1_024)
def is_secret_name(name: str) -> bool:
    """Tell whether a field's name is that of a secret, like ``password_hash`` or ``api_key``."""
    words = [word.lower() for word in re.findall(r"[A-Z]?[a-z0-9]+|[A-Z]+", name)]
    if words and words[-1] in _ABOUT:
        return False
    return bool(_WORDS.intersection(words)) or any(pair in _PAIRS for pair in pairwise(words))
