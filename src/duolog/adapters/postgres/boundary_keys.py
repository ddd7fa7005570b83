"""Which advisory locks keep boundaries: a fixed number of keys, hashed, so that a batch takes few of them.

The rule is that a condition's exclusive keys and the shared keys of every event that it could match have one in common:

* An event is written under the key of its type and the keys of *all* of its tags, shared. An item with tags that
  matches it names only tags that the event has, so whichever of them the item locks, the event's writer holds it.
* An item with tags locks one of them; which one is chosen by its hash, so that equal items choose alike.
* An item without tags locks the keys of its types. An item with neither locks the keys of all types: there are few
  of them, and every event has a type. So nobody pays on every append for conditions that look at everything.

Two writers that need different modes of one key wait for each other, in the order of the keys, so they cannot wait in
a circle. Writers without conditions share all of their keys, and never wait for each other. Equal hashes of different
tags cost a wait, never an answer: the check itself is made in SQL, on the events.

Keys are part of the log's format, because processes of different releases must agree on them: 0 to 63 for types,
64 to 1,023 for tags. Above them come keys of streams, which only writers that lost a race on one take.
"""

import zlib
from collections.abc import Iterable
from functools import lru_cache
from typing import Final

from duolog.eventstore.conditions import AppendCondition
from duolog.messages.envelope import NewEvent

TYPE_KEYS: Final = 64
KEYS: Final = 1_024
STREAM_KEYS: Final = 1_024

_ALL_TYPES: Final = frozenset(range(TYPE_KEYS))


def shared_keys(tenant: str, events: Iterable[NewEvent]) -> set[int]:
    """Return the keys under which events are written."""
    return set[int]().union(*(shared_keys_of(tenant, event.type, event.tags) for event in events))


def shared_keys_of(tenant: str, kind: str, tags: tuple[str, ...]) -> frozenset[int]:
    """Return the keys under which one event of a type with these tags is written."""
    own = _type_keys(tenant, kind)
    return own.union([_tag_key(tenant, tag) for tag in tags]) if tags else own


def exclusive_keys(conditions: Iterable[AppendCondition]) -> set[int]:
    """Return the keys that nobody else may hold while conditions are checked and what they allow is written."""
    keys = set[int]()
    for condition in conditions:
        for item in condition.query.items:
            if item.tags:
                keys.add(min(_tag_key(condition.tenant, tag) for tag in item.tags))
            elif item.types:
                keys.update(_type_key(condition.tenant, each) for each in item.types)
            else:
                keys |= _ALL_TYPES
    return keys


def stream_key(tenant: str, stream: str) -> int:
    """Return the key under which writers that fight over a stream take turns."""
    return KEYS + zlib.crc32(f"{tenant}\x1f{stream}".encode()) % STREAM_KEYS


def turn_key(tenant: str, stream: str) -> int:
    """Return the key, a signed 32-bit number, under which units take turns that write inline views of a stream."""
    return zlib.crc32(f"{tenant}\x1f{stream}".encode()) - 2**31


@lru_cache(maxsize=4_096)
def _type_keys(tenant: str, kind: str) -> frozenset[int]:
    return frozenset((_type_key(tenant, kind),))


@lru_cache(maxsize=4_096)
def _type_key(tenant: str, kind: str) -> int:
    return zlib.crc32(f"{tenant}\x1f{kind}".encode()) % TYPE_KEYS


def _tag_key(tenant: str, tag: str) -> int:
    return TYPE_KEYS + zlib.crc32(f"{tenant}\x1f{tag}".encode()) % (KEYS - TYPE_KEYS)
