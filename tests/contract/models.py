"""What a log and a table must do, in a few lines of plain Python: the oracle that backends are compared with."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from duolog.eventstore.expectations import AnyVersion, Exactly, ExpectedVersion, NoStream, StreamExists


@dataclass(frozen=True)
class Event:
    """An event that the model has recorded."""

    tenant: str
    stream: str
    version: int
    id: int
    tag: str


@dataclass(frozen=True)
class Unit:
    """A unit of work: rows to insert; (stream, expectation, event ids) to append; a boundary that was read before.

    An event's tag follows from its id, so that the same id is always the same content.
    """

    tenant: str = ""
    rows: tuple[int, ...] = ()
    appends: tuple[tuple[str, ExpectedVersion, tuple[int, ...]], ...] = ()
    boundary: tuple[str, int] | None = None


def tag_of(event_id: int) -> str:
    """Return the one tag of an event."""
    return f"kind:{event_id % 3}"


@dataclass
class Model:
    """The log and one table with a unique column."""

    log: list[Event] = field(default_factory=list[Event])
    rows: set[int] = field(default_factory=set[int])

    def matching(self, tenant: str, tag: str) -> int:
        """Return how many events of a boundary there are."""
        return sum(event.tenant == tenant and event.tag == tag for event in self.log)

    def commit(self, unit: Unit) -> str:
        """Commit a unit, and say what came of it."""
        ids = [event_id for _, _, event_ids in unit.appends for event_id in event_ids]
        known = {event.id: event for event in self.log}
        if len(set(ids)) != len(ids):
            return "reused"
        if any(event_id in known for event_id in ids):
            same = all(
                event_id in known and (known[event_id].tenant, known[event_id].stream) == (unit.tenant, stream)
                for stream, _, event_ids in unit.appends
                for event_id in event_ids
            )
            return "repeated" if same else "reused"
        if self.rows & set(unit.rows) or len(set(unit.rows)) != len(unit.rows):
            return "taken"
        if unit.boundary is not None and self.matching(unit.tenant, unit.boundary[0]) != unit.boundary[1]:
            return "conflict"
        new: list[Event] = []
        for stream, expected, event_ids in unit.appends:
            version = sum((event.tenant, event.stream) == (unit.tenant, stream) for event in [*self.log, *new])
            if not _meets(expected, version):
                return "conflict"
            new += [
                Event(unit.tenant, stream, version + number, event_id, tag_of(event_id))
                for number, event_id in enumerate(event_ids, start=1)
            ]
        self.log += new
        self.rows |= set(unit.rows)
        return "committed"


def _meets(expected: ExpectedVersion, version: int) -> bool:
    match expected:
        case NoStream():
            return version == 0
        case StreamExists():
            return version > 0
        case Exactly(wanted):
            return version == wanted
        case AnyVersion():
            return True


def versions(log: Sequence[Event], tenant: str) -> dict[str, int]:
    """Return a tenant's streams and their versions."""
    return {event.stream: event.version for event in log if event.tenant == tenant}
