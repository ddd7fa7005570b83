import inspect
import re

import pytest

import duolog
from tests.architecture.checker import ROOT

# Whoever changes this list changes what users may rely on: the changelog and the reference page change with it.
PUBLIC = [
    "Actor",
    "Aggregate",
    "AggregateNotFoundError",
    "AnyVersion",
    "Application",
    "Authorizer",
    "Binding",
    "CacheScope",
    "Caching",
    "Call",
    "Clock",
    "Command",
    "CommandScheduler",
    "ConflictError",
    "Constraint",
    "Criterion",
    "CursorPage",
    "Cursors",
    "Decider",
    "DeciderEntity",
    "DecisionBoundary",
    "DocumentView",
    "Documents",
    "DuologError",
    "EventPublisher",
    "EventSourcedRepository",
    "EventStore",
    "EventStreams",
    "Exactly",
    "ExpectedVersion",
    "FilterableFields",
    "Fts5",
    "GuardedKeys",
    "IdempotencyKey",
    "Json",
    "KeyWrite",
    "Keyset",
    "Limits",
    "MaintainedTotal",
    "MaterializedView",
    "MessageContext",
    "Metadata",
    "Middleware",
    "NoStream",
    "NotAuthenticatedError",
    "NotAuthorizedError",
    "OffsetPage",
    "PaginatedResult",
    "PositionToken",
    "Process",
    "ProcessManager",
    "Projection",
    "Query",
    "QueryGateway",
    "Reaction",
    "Reactor",
    "ReadDatabase",
    "Receipt",
    "Recorded",
    "RecordedEvent",
    "Relation",
    "ScheduledId",
    "Secret",
    "Settings",
    "SnapshotPolicy",
    "SortOrder",
    "SortableFields",
    "StreamExists",
    "StreamQuery",
    "Tag",
    "TransactionManager",
    "UnitOfWork",
    "Upcast",
    "ViewDatabase",
    "WriteDatabase",
    "after",
    "at_least",
    "at_most",
    "before",
    "between",
    "bind_command",
    "bind_query",
    "cached",
    "command",
    "equals",
    "event",
    "matches",
    "nullable",
    "one_of",
    "prefix",
    "snapshot",
]

# Names for types that Python gives no docstring of their own; the reference page says what they stand for.
ALIASES = {"Call", "ExpectedVersion", "ScheduledId"}

_HEADING = re.compile(r"^### `(\w+)`$", re.MULTILINE)


def test_the_public_names_are_exactly_the_pinned_ones_in_sorted_order() -> None:
    assert duolog.__all__ == PUBLIC
    assert sorted(PUBLIC) == PUBLIC
    assert len(set(PUBLIC)) == len(PUBLIC)


def test_a_star_import_gives_the_public_names_and_nothing_else() -> None:
    imported: dict[str, object] = {}
    exec("from duolog import *", imported)  # noqa: S102 - it cannot be written inside a function
    assert sorted(imported.keys() - {"__builtins__"}) == PUBLIC


@pytest.mark.parametrize("name", [name for name in PUBLIC if name not in ALIASES])
def test_every_public_name_says_what_it_is(name: str) -> None:
    public = getattr(duolog, name)
    assert inspect.isclass(public) or inspect.isfunction(public)
    documentation = public.__doc__ or ""
    assert documentation.strip()
    assert not documentation.startswith(f"{name}("), "that is the signature a dataclass writes when nobody says more"


def test_the_reference_page_has_a_section_for_every_public_name_and_for_no_other() -> None:
    page = (ROOT / "docs" / "reference" / "public-api.md").read_text(encoding="utf-8")
    documented = _HEADING.findall(page)
    assert sorted(documented) == PUBLIC
    empty = [name for name, text in zip(documented, _HEADING.split(page)[2::2], strict=True) if not text.strip()]
    assert not empty, f"sections without text: {empty}"
