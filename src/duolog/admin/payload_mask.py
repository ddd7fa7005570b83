"""Showing recorded events without the secrets in their payloads."""

import re
from collections.abc import Collection
from typing import Any, Final

import msgspec

from duolog.admin.class_kinds import is_data_class, is_struct
from duolog.admin.data_fields import fields_of, kinds_in
from duolog.admin.secret_names import is_secret_name
from duolog.codec.event_types import EventTypes
from duolog.messages.envelope import RecordedEvent

MASKED: Final = b'"***"'

_Members = dict[str, msgspec.Raw]
_members: Final = msgspec.json.Decoder(_Members)
_items: Final = msgspec.json.Decoder(list[msgspec.Raw])
_encode: Final = msgspec.json.Encoder().encode
_HARMLESS: Final = re.compile(rb"\s*(?:null|true|false|-?[0-9])")
_NULL: Final = b"null"


class PayloadMask:
    """Replaces secrets in payloads, at any depth: members that are named like one, as `duolog check` knows them.

    A number or a bool is no secret by its name alone.

    Args:
        types: event classes whose fields with ``repr=False`` are masked as well, and those of the classes in them.
    """

    def __init__(self, types: EventTypes | None = None) -> None:
        self._hidden = {} if types is None else {spec.name: hidden_fields(spec.cls) for spec in types}

    def over(self, event: RecordedEvent) -> RecordedEvent:
        """Return the event as it may be shown; what is not masked keeps its bytes."""
        try:
            shown = _masked(event.data, self._hidden.get(event.type, frozenset()))
        except (msgspec.DecodeError, UnicodeDecodeError):  # it is no JSON, and has no members
            return event
        return event if shown is event.data else msgspec.structs.replace(event, data=shown)


def hidden_fields(cls: type) -> frozenset[str]:
    """Return the names of the fields that a data class, and the data classes in it, leave out of their reprs."""
    hidden, seen = set[str](), set[Any]()
    waiting: list[Any] = [cls]
    while waiting:
        each = waiting.pop()
        if each in seen or not (is_data_class(each) or is_struct(each)):
            continue
        seen.add(each)
        for field in fields_of(each):
            if not (field.is_shown or is_struct(each)):
                hidden.add(field.name)
            waiting += kinds_in(field.hint)
    return frozenset(hidden)


def _masked(stored: bytes, hidden: Collection[str]) -> bytes:
    """Return JSON with its secrets masked; the same object if there are none."""
    first = stored.lstrip()[:1]
    if first == b"{":
        members = {name: bytes(value) for name, value in _members.decode(stored).items()}
        shown = {name: _member(name, value, hidden) for name, value in members.items()}
        if all(shown[name] is value for name, value in members.items()):
            return stored
        return _encode({name: msgspec.Raw(value) for name, value in shown.items()})
    if first == b"[":
        items = [bytes(value) for value in _items.decode(stored)]
        shown_items = [_masked(value, hidden) for value in items]
        if all(new is old for new, old in zip(shown_items, items, strict=True)):
            return stored
        return _encode([msgspec.Raw(value) for value in shown_items])
    return stored


def _member(name: str, value: bytes, hidden: Collection[str]) -> bytes:
    is_hidden = name in hidden and value.strip() != _NULL
    if is_hidden or (is_secret_name(name) and not _HARMLESS.match(value)):
        return MASKED
    return _masked(value, hidden)
