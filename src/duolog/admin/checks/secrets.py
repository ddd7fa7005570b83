"""Rule `secret-shown`: a field that holds a secret is left out of the repr, and so of logs, traces and reports."""

import dataclasses
import re
import typing
from collections.abc import Iterator
from datetime import date, time, timedelta
from decimal import Decimal
from enum import Enum
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
_HARMLESS: Final = (type(None), bool, int, float, Decimal, Enum, date, time, timedelta)


def check_secrets(structure: ApplicationStructure) -> Iterator[Finding]:
    """Find fields of messages, events and results that are named like a secret and shown by the repr.

    Classes in those fields are looked at as well, at any depth, where the fields that hold them are shown. A number, a
    date, a bool or an enumeration is no secret.
    """
    names = structure.types.names()
    events = [spec.cls for name in names if (spec := structure.types.by_name(name)) is not None]
    messages = [binding.message for binding in structure.bindings]
    results = [cls for binding in structure.bindings for cls in result_types(binding)]
    waiting: list[Any] = [*messages, *events, *results]
    seen: set[Any] = set()
    while waiting:
        cls = waiting.pop(0)
        if cls in seen:
            continue
        seen.add(cls)
        for name, hint in _shown_fields(cls):
            kinds = list(_kinds_in(hint))
            waiting += [kind for kind in kinds if is_data_class(kind) or is_struct(kind)]
            if is_secret_name(name) and not (kinds and all(issubclass(kind, _HARMLESS) for kind in kinds)):
                advice = f"Write `{name}: ... = field(repr=False)`."
                if is_struct(cls):
                    advice = "Write it as a dataclass with field(repr=False), or give it a __repr__ without the field."
                advice += f" If it is no secret: `# duolog: allow {_RULE} - reason` on its line."
                yield from finding(_RULE, cls, f"its repr shows {name!r}", advice, member=name)


def is_secret_name(name: str) -> bool:
    """Tell whether a field's name is that of a secret, like ``password_hash`` or ``api_key``."""
    words = [word.lower() for word in re.findall(r"[A-Z]?[a-z0-9]+|[A-Z]+", name)]
    if words and words[-1] in _ABOUT:
        return False
    return bool(_WORDS.intersection(words)) or any(pair in _PAIRS for pair in pairwise(words))


def _shown_fields(cls: Any) -> Iterator[tuple[str, Any]]:
    hints = _hints(cls)
    if is_data_class(cls):
        yield from ((field.name, hints.get(field.name, Any)) for field in dataclasses.fields(cls) if field.repr)
    elif is_struct(cls) and cls.__repr__ is msgspec.Struct.__repr__:
        yield from ((name, hints.get(name, Any)) for name in cls.__struct_fields__)


def _kinds_in(hint: Any) -> Iterator[type]:
    """Return the classes that an annotation names, the most inner ones; ``object`` for what is left open."""
    if isinstance(hint, typing.NewType):
        hint = hint.__supertype__
    arguments = [each for each in typing.get_args(hint) if each is not Ellipsis]
    if typing.get_origin(hint) is typing.Annotated:
        arguments = arguments[:1]
    if typing.get_origin(hint) is typing.Literal:
        arguments = []
    for each in arguments:
        yield from _kinds_in(each)
    if not arguments:
        yield hint if isinstance(hint, type) else object


def _hints(cls: type) -> dict[str, Any]:
    try:
        return typing.get_type_hints(cls)
    except (NameError, TypeError):
        return {}
