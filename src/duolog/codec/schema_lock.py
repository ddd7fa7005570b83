"""The schema lock: what is stored and answered, written down, so that a change of it is seen before it is released."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, Final

import msgspec

from duolog.codec.schema_description import Schema, describe, to_text
from duolog.errors import ConfigurationError
from duolog.messages.command import CommandSpec
from duolog.messages.event import EventSpec

FORMAT: Final = 1

Versions = dict[str, Schema]


class Section(Enum):
    """What a locked type is."""

    EVENTS = "events"
    COMMANDS = "commands"
    SNAPSHOTS = "snapshots"
    QUERIES = "queries"


class SchemaLock(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Schemas of all that is stored, by stored name and version, and of queries with their results, by class name.

    Attributes:
        format: of the lock file.
        events: by stored name, the schema of each version; older versions stay.
        commands: the same of named commands.
        snapshots: the same of snapshots.
        queries: by class name, the fields of the query and its result.
    """

    format: int
    events: dict[str, Versions] = msgspec.field(default_factory=dict[str, Versions])
    commands: dict[str, Versions] = msgspec.field(default_factory=dict[str, Versions])
    snapshots: dict[str, Versions] = msgspec.field(default_factory=dict[str, Versions])
    queries: dict[str, Schema] = msgspec.field(default_factory=dict[str, Schema])

    def text(self) -> str:
        """Return the lock file's text: sorted, one field a line."""
        return to_text(msgspec.to_builtins(self))

    @classmethod
    def parse(cls, text: str) -> "SchemaLock":
        """Read a lock file's text.

        Raises:
            ConfigurationError: it is no lock file of this format.
        """
        try:
            lock = msgspec.json.decode(text, type=cls)
        except msgspec.DecodeError as error:
            message = f"the schema lock cannot be read: {error}"
            raise ConfigurationError(message, hint="Restore it from version control.") from error
        if lock.format != FORMAT:
            message = f"the schema lock has format {lock.format}; this release knows {FORMAT}"
            raise ConfigurationError(message, hint="Use the release that wrote it, or lock anew.")
        return lock


@dataclass(frozen=True, slots=True)
class SchemaBreak:
    """A difference between the lock and the code.

    Attributes:
        section: what the type is.
        name: its stored name, or the query's class name.
        message: what differs.
        advice: what to do about it.
        loses_data: what is stored already could not be read any more; `duolog schema lock` refuses it.
    """

    section: Section
    name: str
    message: str
    advice: str
    loses_data: bool = False


@dataclass(frozen=True, slots=True)
class SchemaSource:
    """What the code declares.

    Attributes:
        events: specs of the registered events.
        commands: specs of the named commands.
        snapshots: by stored name, version and class of each snapshot.
        queries: by class name, the query's class and the annotation of its result.
    """

    events: Iterable[EventSpec]
    commands: Iterable[CommandSpec]
    queries: Mapping[str, tuple[type, Any]]
    snapshots: Mapping[str, tuple[int, Any]] = field(default_factory=dict[str, tuple[int, Any]])

    def lock(self, before: SchemaLock | None = None) -> SchemaLock:
        """Write down what the code declares; older versions are taken over from the lock before."""
        known = before or SchemaLock(FORMAT)
        return SchemaLock(
            FORMAT,
            _with_older(known.events, {spec.name: (spec.version, spec.cls) for spec in self.events}),
            _with_older(known.commands, {spec.name: (spec.version, spec.cls) for spec in self.commands}),
            _with_older(known.snapshots, dict(self.snapshots)),
            {
                name: {"query": describe(cls), "result": describe(result)}
                for name, (cls, result) in self.queries.items()
            },
        )

    def breaks(self, locked: SchemaLock) -> Iterator[SchemaBreak]:
        """Compare the code with a lock."""
        now = self.lock()
        yield from _stored(Section.EVENTS, locked.events, now.events)
        yield from self._upcasts(locked)
        yield from _stored(Section.COMMANDS, locked.commands, now.commands)
        yield from _stored(Section.SNAPSHOTS, locked.snapshots, now.snapshots)
        yield from _queries(locked.queries, now.queries)

    def _upcasts(self, locked: SchemaLock) -> Iterator[SchemaBreak]:
        for spec in self.events:
            older = sorted(int(version) for version in locked.events.get(spec.name, {}))
            for version in older:
                if version < spec.version and version not in spec.upcasts:
                    message = f"version {version} is stored, and its upcaster is gone"
                    advice = f"Give @event(upcasts={{{version}: ...}}) the function back."
                    yield SchemaBreak(Section.EVENTS, spec.name, message, advice, loses_data=True)


def _with_older(known: Mapping[str, Versions], declared: Mapping[str, tuple[int, Any]]) -> dict[str, Versions]:
    locked: dict[str, Versions] = {}
    for name, (version, cls) in declared.items():
        older = {each: schema for each, schema in known.get(name, {}).items() if int(each) < version}
        locked[name] = {**older, str(version): describe(cls)}
    return locked


def _stored(section: Section, locked: Mapping[str, Versions], now: Mapping[str, Versions]) -> Iterator[SchemaBreak]:
    for name in sorted(locked.keys() - now.keys()):
        advice = "Register its class again: what is stored can be read for ever."
        yield SchemaBreak(section, name, "it is locked, but no class is registered for it", advice, loses_data=True)
    for name in sorted(now.keys() - locked.keys()):
        yield SchemaBreak(section, name, "it is not locked yet", "Run `duolog schema lock`.")
    for name in sorted(now.keys() & locked.keys()):
        ((version, schema),) = now[name].items()
        newest = max(map(int, locked[name]))
        if int(version) < newest:
            message = f"version {newest} is locked, and the code has version {version}"
            yield SchemaBreak(section, name, message, "Go on from the newest version.", loses_data=True)
        elif int(version) > newest:
            yield SchemaBreak(section, name, f"version {version} is not locked yet", "Run `duolog schema lock`.")
        elif schema != locked[name][version]:
            added = _added(locked[name][version], schema)
            # A snapshot that lacks a field would be taken for a state in which nothing had happened to it.
            if added is not None and section is not Section.SNAPSHOTS:
                message = f"version {version} has new fields with defaults, not locked yet: {', '.join(added)}"
                yield SchemaBreak(section, name, message, "Run `duolog schema lock`.")
                continue
            message = f"version {version} changed: {_difference(locked[name][version], schema)}"
            advice = f"Make it version {int(version) + 1}, with an upcaster from version {version}."
            if section is not Section.EVENTS:
                advice = f"Make it version {int(version) + 1}."
            yield SchemaBreak(section, name, message, advice, loses_data=True)


def _queries(locked: Mapping[str, Schema], now: Mapping[str, Schema]) -> Iterator[SchemaBreak]:
    accept = "If its clients agree, run `duolog schema lock`."
    for name in sorted(locked.keys() | now.keys()):
        if name not in now:
            yield SchemaBreak(Section.QUERIES, name, "it is locked, but there is no such query", accept)
        elif name not in locked:
            yield SchemaBreak(Section.QUERIES, name, "it is not locked yet", "Run `duolog schema lock`.")
        elif locked[name] != now[name]:
            yield SchemaBreak(Section.QUERIES, name, f"it changed: {_difference(locked[name], now[name])}", accept)


def _added(before: Schema, after: Schema, path: str = "$") -> Sequence[str] | None:
    """Name the fields with defaults that are new; None if anything else differs, so that old JSON may not decode."""
    if before == after:
        return ()
    if isinstance(before, dict) and isinstance(after, dict) and before.keys() <= after.keys():
        new = sorted(after.keys() - before.keys())
        if not all(name.endswith("?") for name in new):
            return None
        parts = [_added(before[name], after[name], f"{path}.{name}") for name in sorted(before)]
        parts.append([f"{path}.{name}" for name in new])
    elif isinstance(before, list) and isinstance(after, list) and len(before) == len(after):
        parts = [_added(old, new, f"{path}[{at}]") for at, (old, new) in enumerate(zip(before, after, strict=True))]
    else:
        return None
    names = [name for part in parts if part is not None for name in part]
    return None if None in parts else names


def _difference(before: Schema, after: Schema, path: str = "$") -> str:
    """Name the first places that differ."""
    if isinstance(before, dict) and isinstance(after, dict):
        parts = [f"{path}.{name} is gone" for name in sorted(before.keys() - after.keys())]
        parts += [f"{path}.{name} is new" for name in sorted(after.keys() - before.keys())]
        parts += [
            _difference(before[name], after[name], f"{path}.{name}")
            for name in sorted(before.keys() & after.keys())
            if before[name] != after[name]
        ]
        return "; ".join(parts)
    return f"{path} was {_shown(before)} and is {_shown(after)}"


def _shown(schema: Schema) -> str:
    return schema if isinstance(schema, str) else msgspec.json.encode(schema).decode()
