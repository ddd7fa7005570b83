"""Encodes event objects for the log and decodes recorded events, upcasting old schema versions."""

from decimal import Decimal
from typing import Any, Final
from uuid import UUID

import msgspec

from duolog.codec.event_types import EventTypes
from duolog.codec.payload_rules import MAX_BYTES, check_size, check_text, check_tree, may_break_rules
from duolog.codec.reasons import unfit_reason
from duolog.codec.tags import Tagger
from duolog.errors import PayloadError, UndecodableEventError
from duolog.ids import uuid7
from duolog.messages.envelope import EMPTY_METADATA, NewEvent, RecordedEvent, StoredMetadata
from duolog.messages.event import EventSpec, JsonObject
from duolog.messages.metadata import Metadata

_encoder: Final = msgspec.json.Encoder()
_untyped: Final = msgspec.json.Decoder()


class EventCodec:
    """Between event objects and stored bytes.

    Args:
        types: the application's event types; encoding registers what it meets.
        tagger: makes the stored texts of tags.
        max_bytes: largest payload that is encoded.
    """

    __slots__ = ("_decoders", "_max_bytes", "_tagger", "types")

    def __init__(self, types: EventTypes, tagger: Tagger, *, max_bytes: int = MAX_BYTES) -> None:
        self.types = types
        self._tagger = tagger
        self._max_bytes = max_bytes
        self._decoders: dict[type, msgspec.json.Decoder[Any]] = {}

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
        spec = self.types.add(cls)
        try:
            data = _encoder.encode(event)
            check_size(data, limit=self._max_bytes)
            check_text(data)
            if may_break_rules(data):
                check_tree(msgspec.to_builtins(event, builtin_types=(bytes, Decimal, UUID)))
            self._decoder(cls).decode(data)
        except PayloadError as error:
            message = f"{spec.name}: {error.message}"
            raise PayloadError(message, hint=error.hint) from None
        except msgspec.ValidationError as error:
            message = f"{spec.name}: the payload does not fit its class: {unfit_reason(error)}"
            raise PayloadError(message, hint=f"Give {cls.__name__} values of its annotated types.") from None
        except (msgspec.MsgspecError, TypeError, ValueError, OverflowError, RecursionError) as error:
            message = f"{spec.name}: the payload does not survive encoding: {error}"
            raise PayloadError(message, hint=f"Give {cls.__name__} values of its annotated types.") from error
        tags = self._tagger.stored_all(spec.tags(event)) if spec.tags is not None else ()
        return NewEvent(event_id or uuid7(), spec.name, spec.version, data, tags, metadata)

    def decode(self, recorded: RecordedEvent) -> object:
        """Decode a recorded event into an instance of its class, upcasting older versions.

        Raises:
            UndecodableEventError: the type is unknown, the version is newer than the code, an upcaster raised,
                or the payload does not fit the class.
        """
        spec = self.types.by_name(recorded.type)
        if spec is None:
            raise _undecodable(recorded, "no class is registered for this type")
        try:
            if recorded.schema_version == spec.version:
                return self._decoder(spec.cls).decode(recorded.data)
            return self._upcast(recorded, spec)
        except UndecodableEventError:
            raise
        except msgspec.ValidationError as error:
            raise _undecodable(recorded, f"it does not fit {spec.cls.__name__}: {unfit_reason(error)}") from None
        except Exception as error:  # an upcaster is the application's code: whatever it raises is the reason
            raise _undecodable(recorded, f"{type(error).__name__}: {error}") from error

    def _upcast(self, recorded: RecordedEvent, spec: EventSpec) -> object:
        if recorded.schema_version > spec.version:
            raise _undecodable(recorded, f"this release knows versions up to {spec.version}")
        payload: JsonObject = _untyped.decode(recorded.data)
        for version in range(recorded.schema_version, spec.version):
            payload = spec.upcasts[version](payload)
        target: type[object] = spec.cls
        return msgspec.convert(payload, target, str_keys=True)  # JSON has no other keys

    def _decoder(self, cls: type) -> msgspec.json.Decoder[Any]:
        decoder = self._decoders.get(cls)
        if decoder is None:
            decoder = self._decoders[cls] = msgspec.json.Decoder(cls)
        return decoder


def encode_metadata(metadata: Metadata | None) -> bytes:
    """Encode what the log keeps of a message's metadata."""
    if metadata is None:
        return EMPTY_METADATA
    actor = metadata.actor.id if metadata.actor is not None else None
    return _encoder.encode(
        StoredMetadata(metadata.correlation_id, metadata.message_id, actor, metadata.traceparent),
    )


def _undecodable(recorded: RecordedEvent, reason: str) -> UndecodableEventError:
    return UndecodableEventError(
        position=recorded.position, type=recorded.type, schema_version=recorded.schema_version, reason=reason
    )
