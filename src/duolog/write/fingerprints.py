"""Fingerprints of commands, to tell whether one that comes again is the same."""

import dataclasses
import hashlib
import hmac
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any, Final, cast

import msgspec

from duolog.errors import PayloadError

_encoder: Final = msgspec.json.Encoder(order="sorted")


class Fingerprints:
    """HMAC-SHA256 (RFC 2104) over a command's canonical encoding.

    It is keyed, so that nobody who reads the database can try out what a command held, like a password. Fields that
    have their default value are left out, so that a key stays valid when a release adds a field with a default.

    Args:
        secret: the application's secret.
    """

    __slots__ = ("_keyed",)

    def __init__(self, secret: bytes) -> None:
        # Keyed once, and copied: `hmac.digest` would also give up the interpreter's lock each time, and wait for it.
        self._keyed = hmac.new(hmac.digest(secret, b"duolog fingerprints", hashlib.sha256), digestmod=hashlib.sha256)

    def of(self, name: str, command: object) -> bytes:
        """Return the fingerprint of a command.

        Args:
            name: of its type.
            command: the command.

        Raises:
            PayloadError: a field's value cannot be encoded.
        """
        try:
            data = _encoder.encode(_without_defaults(command))
        except (msgspec.MsgspecError, TypeError, ValueError, OverflowError, RecursionError) as error:
            message = f"{name} takes no idempotency key: it cannot be encoded ({type(error).__name__})"
            hint = "Give it fields of plain types, dataclasses, dates, UUIDs, and lists of them."
            raise PayloadError(message, hint=hint) from None
        fingerprint = self._keyed.copy()
        fingerprint.update(name.encode() + b"\x1f" + data)
        return fingerprint.digest()


@dataclass(frozen=True, slots=True)
class _Member:
    """A field: its name, its name in JSON, and what makes its default value, None if it has none."""

    name: str
    encoded: str
    default: Callable[[], object] | None

    def is_default(self, value: object) -> bool:
        if self.default is None:
            return False
        default = self.default()
        return type(default) is type(value) and default == value


def _without_defaults(value: Any) -> Any:
    members = _members(value.__class__)
    if members is not None:
        given: dict[str, Any] = dict(_tag(value))
        for member in members:
            held = getattr(value, member.name)
            if not member.is_default(held):
                given[member.encoded] = _without_defaults(held)
        return given
    if isinstance(value, dict):
        return {key: _without_defaults(held) for key, held in cast("dict[object, object]", value).items()}
    if isinstance(value, (list, tuple)):
        return [_without_defaults(each) for each in cast("list[Any]", value)]
    if isinstance(value, (set, frozenset)):
        return sorted((_without_defaults(each) for each in cast("set[Any]", value)), key=_encoder.encode)
    return value


@cache
def _members(cls: Any) -> tuple[_Member, ...] | None:
    """Return the fields of a dataclass or struct; None of whatever else, which is encoded as it is."""
    if issubclass(cls, msgspec.Struct):
        return tuple(
            _Member(field.name, field.encode_name, _maker(field.default, field.default_factory, msgspec.NODEFAULT))
            for field in msgspec.structs.fields(cls)
        )
    if dataclasses.is_dataclass(cls):
        return tuple(
            _Member(field.name, field.name, _maker(field.default, field.default_factory, dataclasses.MISSING))
            for field in dataclasses.fields(cls)
            if not field.name.startswith("_")  # which is not encoded either
        )
    return None


def _maker(default: Any, factory: Any, missing: object) -> Callable[[], object] | None:
    if factory is not missing:
        return cast("Callable[[], object]", factory)
    return None if default is missing else lambda: default


def _tag(value: Any) -> Iterator[tuple[str, object]]:
    """Tell structs of one union apart."""
    if isinstance(value, msgspec.Struct):
        config = value.__struct_config__
        if config.tag_field is not None:
            yield config.tag_field, config.tag
