"""Encodes what a command returned, so that it can be returned again."""

from typing import Any, Final

import msgspec

from duolog.codec.payload_rules import check_size
from duolog.codec.reasons import unfit_reason
from duolog.errors import ConfigurationError, PayloadError, UnreadableAnswerError

_encoder: Final = msgspec.json.Encoder()


class ResultCodec:
    """Between the results of one command and their stored JSON.

    Args:
        name: the command's, for errors.
        kind: the declared type of its results.

    Raises:
        ConfigurationError: results of this type cannot be stored, or not be told from others.
    """

    __slots__ = ("_decoder", "_name")

    def __init__(self, name: str, kind: Any) -> None:
        try:
            msgspec.json.schema(kind)  # refuses what a decoder would only refuse when it meets a value
            self._decoder: msgspec.json.Decoder[Any] = msgspec.json.Decoder(kind)
        except (TypeError, RuntimeError) as error:
            raise _unstorable(name, str(error)) from None
        if kind in (Any, object):
            raise _unstorable(name, "its type is not declared")
        self._name = name

    def encode(self, result: object) -> bytes:
        """Encode a result, checked so that it can be decoded again.

        Raises:
            PayloadError: it is not of the declared type, or too large.
        """
        try:
            data = _encoder.encode(result)
            self._decoder.decode(data)
        except msgspec.ValidationError as error:
            message = f"the result of {self._name} does not fit its declared type: {unfit_reason(error)}"
            raise PayloadError(message) from None
        except (msgspec.MsgspecError, TypeError, ValueError, OverflowError, RecursionError) as error:
            message = f"the result of {self._name} does not survive encoding: {type(error).__name__}"
            raise PayloadError(message) from None
        check_size(data)
        return data

    def decode(self, data: bytes) -> object:
        """Decode a stored result.

        Raises:
            UnreadableAnswerError: the declared type has changed since, so that it does not fit any more.
        """
        try:
            return self._decoder.decode(data)
        except msgspec.MsgspecError as error:
            message = f"{self._name} took effect, and its stored result does not fit its declared type any more"
            raise UnreadableAnswerError(message) from error


def _unstorable(name: str, reason: str) -> ConfigurationError:
    message = f"the result of {name} cannot be stored, so it takes no idempotency key: {reason}"
    hint = "Let it return an id, None, or a dataclass of such values, and declare that type."
    return ConfigurationError(message, hint=hint)
