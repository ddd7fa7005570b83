"""Rule `secret-shown`: a field that holds a secret is left out of the repr, and so of logs, traces and reports."""

from collections.abc import Iterator
from datetime import date, time, timedelta
from decimal import Decimal
from enum import Enum
from typing import Any, Final

from duolog.admin.checks.finding import Finding, finding
from duolog.admin.checks.results import result_types
from duolog.admin.class_kinds import is_data_class, is_struct
from duolog.admin.data_fields import fields_of, kinds_in
from duolog.admin.secret_names import is_secret_name
from duolog.admin.structure import ApplicationStructure

_RULE: Final = "secret-shown"
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
        for field in fields_of(cls):
            if not field.is_shown:
                continue
            name, kinds = field.name, list(kinds_in(field.hint))
            waiting += [kind for kind in kinds if is_data_class(kind) or is_struct(kind)]
            if is_secret_name(name) and not (kinds and all(issubclass(kind, _HARMLESS) for kind in kinds)):
                advice = f"Write `{name}: ... = field(repr=False)`."
                if is_struct(cls):
                    advice = "Write it as a dataclass with field(repr=False), or give it a __repr__ without the field."
                advice += f" If it is no secret: `# duolog: allow {_RULE} - reason` on its line."
                yield from finding(_RULE, cls, f"its repr shows {name!r}", advice, member=name)
