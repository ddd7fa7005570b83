"""Answers that are ready to be written as JSON."""

import types
import typing
from collections.abc import Callable
from typing import Any, Generic, Self, TypeVar, Union

import msgspec

from duolog.errors import StatementError

T = TypeVar("T")

_encoder = msgspec.json.Encoder()


class Json(Generic[T]):
    """An answer of the type ``T`` that is written as JSON without having been made: rows go from driver to encoder.

    ``Query[Json[PaginatedResult[UserDTO]]]`` is answered with one; over HTTP its text is the body. It is the text that
    the objects would have, byte for byte. Two are equal if their texts are.
    """

    __slots__ = ("_read", "_text", "_value")

    def __init__(self, value: object) -> None:
        self._value = value
        self._text: bytes | None = None
        self._read: Callable[[bytes], object] = msgspec.json.decode

    @classmethod
    def of_text(cls, text: bytes, read: Callable[[bytes], object] = msgspec.json.decode) -> Self:
        """Return the answer that was written as a text; nothing can change it.

        Args:
            text: what `encode` returned.
            read: makes the value of it, each time that anybody asks.
        """
        answer = cls(None)
        answer._text, answer._read = text, read
        return answer

    @property
    def value(self) -> Any:
        """What is encoded: of the form of a ``T``, but with mappings for its DTOs."""
        return self._value if self._text is None else self._read(self._text)

    def encode(self) -> bytes:
        """Return the JSON text, in UTF-8.

        Raises:
            StatementError: a field has a type that JSON cannot show.
        """
        if self._text is not None:
            return self._text
        try:
            return _encoder.encode(self._value)
        except (TypeError, msgspec.MsgspecError) as error:
            message = f"the rows cannot be written as JSON: {error}"
            raise StatementError(message) from None

    def __eq__(self, other: object) -> bool:
        """Tell whether another answer has the same text."""
        return self.encode() == other.encode() if isinstance(other, Json) else NotImplemented

    def __hash__(self) -> int:
        """Return the hash of its text."""
        return hash(self.encode())


def without_json(kind: Any) -> Any:
    """Return the type whose objects an answer stands for: ``T`` for ``Json[T]``, also in a union."""
    if typing.get_origin(kind) is Json:
        return typing.get_args(kind)[0]
    if typing.get_origin(kind) in (Union, types.UnionType):
        return Union[tuple(without_json(each) for each in typing.get_args(kind))]  # noqa: UP007 - made at run time
    return kind
