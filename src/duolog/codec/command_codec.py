"""Encodes commands that are stored, and decodes them by their stable names."""

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

import msgspec

from duolog.codec.payload_rules import MAX_BYTES, check_size, check_text, check_tree, may_break_rules
from duolog.codec.reasons import unfit_reason
from duolog.errors import MissingHandlerError, PayloadError, UndecodableCommandError, UnnamedTypeError
from duolog.messages.command import CommandSpec, command_spec

_encode: Final = msgspec.json.Encoder().encode


class CommandCodec:
    """Between commands and stored bytes.

    Args:
        commands: the classes with ``@command`` that the application handles.
        max_bytes: largest payload that is encoded.

    Raises:
        UnnamedTypeError: two classes share a stored name.
    """

    __slots__ = ("_by_class", "_by_name", "_decoders", "_max_bytes", "known")

    def __init__(self, commands: Iterable[type], *, max_bytes: int = MAX_BYTES) -> None:
        self._max_bytes = max_bytes
        self._by_class: dict[type, CommandSpec] = {}
        self._by_name: dict[str, CommandSpec] = {}
        self._decoders: dict[type, msgspec.json.Decoder[Any]] = {}
        for cls in commands:
            spec = command_spec(cls)
            other = self._by_name.setdefault(spec.name, spec)
            if other is not spec:
                names = f"{cls.__module__}.{cls.__qualname__} and {other.cls.__module__}.{other.cls.__qualname__}"
                message = f"{names} are both stored as {spec.name!r}"
                raise UnnamedTypeError(message, hint="Give each command class a name of its own.")
            self._by_class[cls] = spec
        self.known: Mapping[str, int] = {spec.name: spec.version for spec in self._by_name.values()}

    def encode(self, command: object) -> tuple[CommandSpec, bytes]:
        """Encode a command, checked so that it can be decoded again.

        Returns:
            How it is stored, and its JSON.

        Raises:
            UnnamedTypeError: its class has no ``@command``.
            MissingHandlerError: the application does not handle it.
            PayloadError: it breaks a rule, or its fields do not have their declared types.
        """
        cls = type(command)
        spec = self._by_class.get(cls)
        if spec is None:
            message = f"{command_spec(cls).name} is stored, but this application has no handler for {cls.__name__}"
            raise MissingHandlerError(
                message, hint=f"Add {cls.__name__}.handled_by(...) to Application(handlers=[...])."
            )
        try:
            data = _encode(command)
            check_size(data, limit=self._max_bytes)
            check_text(data)
            if may_break_rules(data):
                check_tree(msgspec.to_builtins(command, builtin_types=(bytes, Decimal, UUID)))
            self._decoder(cls).decode(data)
        except PayloadError as error:
            message = f"{spec.name}: {error.message}"
            raise PayloadError(message, hint=error.hint) from None
        except msgspec.ValidationError as error:
            message = f"{spec.name}: the command does not fit its class: {unfit_reason(error)}"
            raise PayloadError(message, hint=f"Give {cls.__name__} values of its annotated types.") from None
        except (msgspec.MsgspecError, TypeError, ValueError, OverflowError, RecursionError) as error:
            message = f"{spec.name}: the command does not survive encoding: {type(error).__name__}"
            raise PayloadError(message, hint=f"Give {cls.__name__} values of its annotated types.") from None
        return spec, data

    def decode(self, name: str, version: int, data: bytes) -> object:
        """Decode a command that was stored by this release or an earlier one.

        Raises:
            UndecodableCommandError: the name is unknown, the version newer than the code, or it does not fit the class.
        """
        spec = self._by_name.get(name)
        if spec is None:
            raise UndecodableCommandError(command=name, version=version, reason="nothing here handles it")
        if version > spec.version:
            reason = f"this release knows versions up to {spec.version}"
            raise UndecodableCommandError(command=name, version=version, reason=reason)
        try:
            return self._decoder(spec.cls).decode(data)
        except msgspec.ValidationError as error:
            reason = f"it does not fit {spec.cls.__name__}: {unfit_reason(error)}"
            raise UndecodableCommandError(command=name, version=version, reason=reason) from None
        except (msgspec.MsgspecError, TypeError, ValueError) as error:
            raise UndecodableCommandError(command=name, version=version, reason=type(error).__name__) from error

    def _decoder(self, cls: type) -> msgspec.json.Decoder[Any]:
        decoder = self._decoders.get(cls)
        if decoder is None:
            decoder = self._decoders[cls] = msgspec.json.Decoder(cls)
        return decoder
