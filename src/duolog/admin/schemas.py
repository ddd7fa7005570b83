"""An application's schemas against its lock, and against what a database holds."""

from collections import Counter
from collections.abc import Sequence
from contextlib import aclosing
from dataclasses import dataclass

from duolog.admin.checks.results import result_hint
from duolog.admin.structure import ApplicationStructure
from duolog.codec.event_codec import EventCodec
from duolog.codec.schema_lock import SchemaSource
from duolog.codec.snapshot_types import snapshot_spec
from duolog.database.port import Database
from duolog.errors import UndecodableEventError, UnnamedTypeError
from duolog.eventstore.whole_log import read_log
from duolog.messages.command import CommandSpec, command_spec
from duolog.write.snapshots import SnapshotPolicy

_BATCH = 1_000


def schema_source(structure: ApplicationStructure) -> SchemaSource:
    """Collect what an application stores and answers: its events, named commands and queries."""
    types = structure.types
    events = [spec for name in types.names() if (spec := types.by_name(name)) is not None]
    return SchemaSource(
        events,
        named_commands(structure),
        {binding.name: (binding.message, result_hint(binding)) for binding in structure.queries},
        _snapshots(structure),
    )


def named_commands(structure: ApplicationStructure) -> Sequence[CommandSpec]:
    """Return the commands that have a stable name, by that name."""
    specs: list[CommandSpec] = []
    for binding in structure.commands:
        try:
            specs.append(command_spec(binding.message))
        except UnnamedTypeError:  # it is neither stored nor sent
            continue
    return sorted(specs, key=lambda spec: spec.name)


def _snapshots(structure: ApplicationStructure) -> dict[str, tuple[int, type]]:
    policies = [
        policy
        for binding in structure.commands
        for entity in structure.entities_of(binding)
        if isinstance(policy := getattr(entity, "snapshots", None), SnapshotPolicy)
    ]
    specs = [snapshot_spec(policy.state) for policy in policies]
    return {spec.name: (spec.version, spec.cls) for spec in specs}


@dataclass(frozen=True, slots=True)
class StoredVersion:
    """Events of one type and version in a database.

    Attributes:
        type: stored name.
        schema_version: stored version.
        events: how many there are.
        undecodable: how many of them this code cannot read.
        position: the first of those; None if there are none.
        error: its error; empty if there is none.
    """

    type: str
    schema_version: int
    events: int
    undecodable: int = 0
    position: int | None = None
    error: str = ""


async def stored_versions(database: Database, codec: EventCodec) -> Sequence[StoredVersion]:
    """Decode every event of a log by an application's code.

    Args:
        database: an open database; it is only read.
        codec: the application's.

    Returns:
        By type and version, how many there are and whether all of them can be read.
    """
    counts: Counter[tuple[str, int]] = Counter()
    refused: Counter[tuple[str, int]] = Counter()
    first: dict[tuple[str, int], UndecodableEventError] = {}
    end = await database.store.head()
    async with aclosing(read_log(database.store, until=end, limit=_BATCH)) as pages:
        async for page in pages:
            for event in page.events:
                key = (event.type, event.schema_version)
                counts[key] += 1
                try:
                    codec.decode_all(event)
                except UndecodableEventError as error:
                    refused[key] += 1
                    first.setdefault(key, error)
    return [
        StoredVersion(
            kind,
            version,
            count,
            refused[kind, version],
            first[kind, version].position if (kind, version) in first else None,
            first[kind, version].reason if (kind, version) in first else "",
        )
        for (kind, version), count in sorted(counts.items())
    ]
