"""Encodes event objects for the log and decodes recorded events, upcasting old schema versions."""

from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Final
from uuid import UUID

import msgspec

from duolog.codec.event_format import EventFormat
from duolog.codec.event_types import EventTypes
from duolog.codec.payload_rules import MAX_BYTES, check_size, check_text, check_tree, may_break_rules
from duolog.codec.reasons import unfit_reason
from duolog.codec.tags import Tagger
from duolog.errors import PayloadError, UndecodableEventError
from duolog.ids import uuid7
from duolog.messages.envelope import EMPTY_METADATA, NewEvent, RecordedEvent, StoredMetadata
from duolog.messages.event import EventSpec, JsonObject, Upcast, event_spec, stored_names
from duolog.messages.metadata import Metadata

_encode: Final = msgspec.json.Encoder().encode
_untyped: Final = msgspec.json.Decoder()
_MOST_STEPS: Final = 64


class EventCodec:
    """Between event objects and stored bytes.

    Args:
        types: the application's event types; encoding registers what it meets.
        tagger: makes the stored texts of tags.
        max_bytes: largest payload that is encoded.
    """

    __slots__ = ("_by_class", "_by_name", "_max_bytes", "_tagger", "types")

    def __init__(self, types: EventTypes, tagger: Tagger, *, max_bytes: int = MAX_BYTES) -> None:
        self.types = types
        self._tagger = tagger
        self._max_bytes = max_bytes
        self._by_class: dict[type, EventFormat] = {}
        self._by_name: dict[str, EventFormat] = {}

    @property
    def tagger(self) -> Tagger:
        """Makes the stored texts of tags, for queries by tag."""
        return self._tagger

    def encode(self, event: object, *, metadata: bytes = EMPTY_METADATA, event_id: UUID | None = None) -> NewEvent:
        """Encode an event, checked so that every later reader can read it.

        Args:
            event: an instance of a class with ``@event``.
            metadata: encoded metadata (`encode_metadata`).
            event_id: its id; a new UUIDv7 if None.

        Returns:
            The event, ready to be appended.

        Raises:
            PayloadError: the payload breaks a rule, or its fields do not have their declared types.
            UnnamedTypeError: the class has no ``@event``.
        """
        cls = type(event)
        try:
            known = self._by_class.get(cls) or self._learn(self.types.add(cls))
            data = _encode(event)
            check_size(data, limit=self._max_bytes)
            check_text(data)
            if not known.is_flat and may_break_rules(data):
                check_tree(msgspec.to_builtins(event, builtin_types=(bytes, Decimal, UUID)))
            known.decode(data)
        except PayloadError as error:
            message = f"{event_spec(cls).name}: {error.message}"
            raise PayloadError(message, hint=error.hint) from None
        except msgspec.ValidationError as error:
            message = f"{event_spec(cls).name}: the payload does not fit its class: {unfit_reason(error)}"
            raise PayloadError(message, hint=f"Give {cls.__name__} values of its annotated types.") from None
        except (msgspec.MsgspecError, TypeError, ValueError, OverflowError, RecursionError) as error:
            message = f"{event_spec(cls).name}: the payload does not survive encoding: {error}"
            raise PayloadError(message, hint=f"Give {cls.__name__} values of its annotated types.") from error
        spec = known.spec
        tags = self._tagger.stored_all(spec.tags(event)) if spec.tags is not None else ()
        return NewEvent(event_id or uuid7(), spec.name, known.version, data, tags, metadata)

    def decode_all(self, recorded: RecordedEvent) -> Sequence[object]:
        """Decode a recorded event into what it is today: one event as a rule, several or none where upcasters say so.

        Returns:
            Instances of registered classes, in order.

        Raises:
            UndecodableEventError: the type is unknown, the version is newer than the code, an upcaster raised or made
                what it may not make, or the payload does not fit the class.
        """
        try:
            known = self._by_name.get(recorded.type) or self._learn(self._named(recorded))
            if recorded.schema_version == known.version:
                return (known.decode(recorded.data),)
            payload: JsonObject = _untyped.decode(recorded.data)
            return tuple(self._upcast(recorded, known.spec, recorded.schema_version, payload, _MOST_STEPS))
        except UndecodableEventError:
            raise
        except msgspec.ValidationError as error:
            name = self._named(recorded).cls.__name__
            raise _undecodable(recorded, f"it does not fit {name}: {unfit_reason(error)}") from None
        except Exception as error:  # an upcaster is the application's code: whatever it raises is the reason
            raise _undecodable(recorded, f"{type(error).__name__}: {error}") from error

    def _upcast(
        self, recorded: RecordedEvent, spec: EventSpec, version: int, payload: JsonObject, steps: int
    ) -> Iterator[object]:
        if version > spec.version:
            reason = f"this release knows {spec.name!r} versions up to {spec.version}"
            raise _undecodable(recorded, reason, is_unknown=True)
        if version == spec.version:
            target: type[object] = spec.cls
            yield msgspec.convert(payload, target, str_keys=True)  # JSON has no other keys
            return
        if not steps:
            raise _undecodable(recorded, f"its upcasts come to no end at {spec.name!r} version {version}")
        upcasted = spec.upcasts[version](payload)
        for part in upcasted if isinstance(upcasted, list | tuple) else () if upcasted is None else (upcasted,):
            if isinstance(part, Upcast):
                yield from self._upcast(recorded, self._target(recorded, part), part.version, part.payload, steps - 1)
            elif isinstance(part, dict):
                yield from self._upcast(recorded, spec, version + 1, part, steps - 1)
            else:
                raise _undecodable(recorded, f"the upcast of {spec.name!r} version {version} made no JSON object")

    def _target(self, recorded: RecordedEvent, part: Upcast) -> EventSpec:
        spec = self.types.by_name(part.type)
        if spec is None:
            raise _undecodable(recorded, f"it is upcast to {part.type!r}, for which no class is registered")
        if recorded.type not in stored_names(spec.cls):
            # Who reads events of that class by type would miss this one.
            raise _undecodable(
                recorded, f"it is upcast to {part.type!r}, whose class does not declare it in upcast_from"
            )
        return spec

    def _named(self, recorded: RecordedEvent) -> EventSpec:
        spec = self.types.by_name(recorded.type)
        if spec is None:
            raise _undecodable(recorded, "no class is registered for this type", is_unknown=True)
        return spec

    def _learn(self, spec: EventSpec) -> EventFormat:
        known = self._by_class[spec.cls] = self._by_name[spec.name] = EventFormat(spec)
        return known


def encode_metadata(metadata: Metadata | None) -> bytes:
    """Encode what the log keeps of a message's metadata."""
    if metadata is None:
        return EMPTY_METADATA
    actor = metadata.actor.id if metadata.actor is not None else None
    return _encode(
        StoredMetadata(metadata.correlation_id, metadata.message_id, actor, metadata.traceparent),
    )


def _undecodable(recorded: RecordedEvent, reason: str, *, is_unknown: bool = False) -> UndecodableEventError:
    return UndecodableEventError(
        position=recorded.position,
        type=recorded.type,
        schema_version=recorded.schema_version,
        reason=reason,
        is_unknown=is_unknown,
    )
