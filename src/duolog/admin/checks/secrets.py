"""Rule `secret-shown`: a field that holds a secret is left out of the repr, and so of logs, traces and reports."""

import dataclasses
import re
import typing
from collections.abc import Iterator
from itertools import pairwise
from typing import Any, Final

import msgspec

from duolog.admin.checks.finding import Finding, finding
from duolog.admin.checks.kinds import is_data_class, is_struct
from duolog.admin.checks.results import result_types
from duolog.admin.structure import ApplicationStructure

_RULE: Final = "secret-shown"
_WORDS: Final = frozenset(
    {
        "password",
        "passwd",
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
_PLAIN: Final = (bool, int, float)


def check_secrets(structure: ApplicationStructure) -> Iterator[Finding]:
    """Find fields of messages, events and results that are named like a secret and shown by the repr."""
    names = structure.types.names()
    events = [spec.cls for name in names if (spec := structure.types.by_name(name)) is not None]
    messages = [binding.message for binding in structure.bindings]
    results = [cls for binding in structure.bindings for cls in result_types(binding)]
    for cls in dict.fromkeys([*messages, *events, *results]):
        for name in _shown_fields(cls):
            if is_secret_name(name):
                advice = f"Write `{name}: ... = field(repr=False)`."
                if is_struct(cls):
                    advice = "Write it as a dataclass with field(repr=False), or give it a __repr__ without the field."
                yield finding(_RULE, cls, f"its repr shows {name!r}", advice)


def is_secret_name(name: str) -> bool:
    """Tell whether a field's name is that of a secret, like ``password_hash`` or ``api_key``."""
    words = [word.lower() for word in re.findall(r"[A-Z]?[a-z0-9]+|[A-Z]+", name)]
    return bool(_WORDS.intersection(words)) or any(pair in _PAIRS for pair in pairwise(words))


def _shown_fields(cls: Any) -> Iterator[str]:
    hints = _hints(cls)
    if is_data_class(cls):
        for field in dataclasses.fields(cls):
            # A number is a count or a time: `tokens_used`, `token_seconds`.
            if field.repr and hints.get(field.name) not in _PLAIN:
                yield field.name
    elif is_struct(cls) and cls.__repr__ is msgspec.Struct.__repr__:
        yield from (name for name in cls.__struct_fields__ if hints.get(name) not in _PLAIN)


def _hints(cls: type) -> dict[str, Any]:
    try:
        return typing.get_type_hints(cls)
    except (NameError, TypeError):
        return {}
