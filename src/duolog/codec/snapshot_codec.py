"""Encodes entities' states: MessagePack, because it keeps every number, and because nobody has to read it for ever."""

from functools import lru_cache
from typing import Any, Final

import msgspec

_encoder: Final = msgspec.msgpack.Encoder()


def encode_state(state: object) -> bytes:
    """Encode a state.

    Raises:
        msgspec.MsgspecError, TypeError, ValueError, OverflowError, RecursionError: it cannot be encoded.
    """
    return _encoder.encode(state)


def decode_state(data: bytes, cls: type) -> Any:
    """Decode a state into an instance of ``cls``, which shares nothing with the one that was encoded.

    Raises:
        msgspec.MsgspecError, TypeError, ValueError: it does not fit.
    """
    return _decoder(cls).decode(data)


@lru_cache(maxsize=1024)
def _decoder(cls: type) -> msgspec.msgpack.Decoder[Any]:
    return msgspec.msgpack.Decoder(cls)
