from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from enum import Enum
from typing import Annotated, Any
from uuid import UUID

import msgspec
import pytest

from duolog.codec.schema_description import describe
from duolog.codec.schema_lock import FORMAT, SchemaLock, SchemaSource
from duolog.errors import ConfigurationError
from duolog.messages.event import event, event_spec


class Size(Enum):
    LARGE = "large"
    SMALL = "small"


@dataclass(frozen=True, slots=True)
class Part:
    id: UUID
    price: Decimal
    inner: "Part | None" = None


@dataclass(frozen=True, slots=True)
class Thing:
    name: Annotated[str, msgspec.Meta(max_length=10)]
    size: Size
    parts: tuple[Part, ...]
    at: datetime
    extra: dict[str, int]


class Unknown:
    """What msgspec knows nothing of."""


@dataclass(frozen=True, slots=True)
class Odd:
    unknown: Unknown
    known: int = 0


@dataclass(frozen=True, slots=True)
class Holder:
    part: Part | None


@event("thing.made", version=2, upcasts={1: dict[str, Any]})
@dataclass(frozen=True, slots=True)
class ThingMade:
    name: str


def test_a_type_is_described_by_its_json() -> None:
    assert describe(Thing) == {
        "name": "str(max_length=10)",
        "size": "enum(large|small)",
        "parts": {"[]": {"id": "uuid", "price": "decimal", "inner?": ["...", "none"]}},
        "at": "datetime",
        "extra": {"{}": "int"},
    }


def test_an_unknown_type_is_told_by_its_name_and_hides_no_other_field() -> None:
    assert describe(Odd) == {"unknown": "Unknown", "known?": "int"}


def test_older_versions_stay_in_the_lock() -> None:
    before = SchemaLock(FORMAT, events={"thing.made": {"1": {"title": "str"}}})
    locked = SchemaSource([event_spec(ThingMade)], [], {}).lock(before)
    assert locked.events == {"thing.made": {"1": {"title": "str"}, "2": {"name": "str"}}}
    assert SchemaLock.parse(locked.text()) == locked


def test_a_lost_upcaster_is_found() -> None:
    locked = SchemaLock(FORMAT, events={"thing.made": {"1": {}, "2": {"name": "str"}}})
    spec = event_spec(ThingMade)
    assert list(SchemaSource([spec], [], {}).breaks(locked)) == []
    (lost,) = SchemaSource([replace(spec, upcasts={})], [], {}).breaks(locked)
    assert (lost.message, lost.loses_data) == ("version 1 is stored, and its upcaster is gone", True)


def test_a_lock_says_its_format() -> None:
    """A file that does not say which format it has is no lock file, whatever else it says."""
    with pytest.raises(ConfigurationError, match="cannot be read"):
        SchemaLock.parse('{"events": {}}')
    with pytest.raises(ConfigurationError, match="has format 2"):
        SchemaLock.parse('{"format": 2}')


def test_a_new_version_is_to_be_locked() -> None:
    locked = SchemaLock(FORMAT, events={"thing.made": {"1": {}}})
    (found,) = SchemaSource([event_spec(ThingMade)], [], {}).breaks(locked)
    assert (found.message, found.loses_data) == ("version 2 is not locked yet", False)


def test_snapshots_have_their_place() -> None:
    source = SchemaSource([], [], {}, snapshots={"thing": (3, Part)})
    locked = source.lock()
    assert list(locked.snapshots["thing"]) == ["3"]
    (changed,) = replace(source, snapshots={"thing": (3, Odd)}).breaks(locked)
    assert changed.loses_data


def test_a_new_field_with_a_default_is_to_be_locked_and_needs_no_new_version() -> None:
    """At any depth: what is stored decodes without it."""
    source = SchemaSource([], [], {}, snapshots={"odd": (1, Odd)})
    spec = replace(event_spec(ThingMade), cls=Part)
    part = {"id": "uuid", "price": "decimal"}
    for before in (part, {**part, "inner?": ["...", "none"]}):
        for whole, cls in ((before, Part), ({"part": [before, "none"]}, Holder)):
            locked = SchemaLock(FORMAT, events={"thing.made": {"2": whole}})
            found = list(SchemaSource([replace(spec, cls=cls)], [], {}).breaks(locked))
            assert [each.loses_data for each in found] == [False] * (len(before) == 2)
            assert all("new fields with defaults" in each.message and "inner?" in each.message for each in found)
    (stale,) = source.breaks(SchemaLock(FORMAT, snapshots={"odd": {"1": {"unknown": "Unknown"}}}))
    assert stale.loses_data


@pytest.mark.parametrize(
    "before",
    [
        {"id": "uuid"},  # a field without a default is new
        {"id": "uuid", "price": "decimal", "gone?": "int"},
        {"id": "str", "price": "decimal"},
        {"id": "uuid", "price": "decimal", "inner": ["...", "none"]},
        {"id": "uuid", "price": "decimal", "inner?": ["..."]},
        "uuid",
    ],
)
def test_every_other_change_needs_a_new_version(before: Any) -> None:
    """Whatever else is new beside it."""
    locked = SchemaLock(FORMAT, events={"thing.made": {"2": before}})
    (found,) = SchemaSource([replace(event_spec(ThingMade), cls=Part)], [], {}).breaks(locked)
    assert (found.loses_data, found.message.startswith("version 2 changed: ")) == (True, True)
