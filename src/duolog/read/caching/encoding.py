"""How the answers of a query become bytes, and again answers."""

import types
import typing
from collections.abc import Callable
from typing import Any, Final, Protocol, Union

import msgspec

from duolog.messages.immutability import is_immutable
from duolog.read.json_answer import Json, without_json
from duolog.read.pages import CursorPage, OffsetPage, PaginatedResult

_NOTHING: Final = b"null"
_PAGES: Final = (PaginatedResult, OffsetPage, CursorPage)

_encoder: Final = msgspec.json.Encoder()


class AnswerEncoding(Protocol):
    """Encodes the answers of one query.

    Attributes:
        is_immutable: nobody can change a decoded answer in place, so that one serves all.
    """

    @property
    def is_immutable(self) -> bool: ...  # noqa: D102 - see above

    def encode(self, answer: Any) -> bytes:
        """Return an answer as JSON.

        Raises:
            TypeError: it cannot be encoded.
            ValueError: as TypeError.
            DuologError: as TypeError.
        """
        ...

    def decode(self, data: bytes) -> object:
        """Return the answer that was encoded.

        Raises:
            msgspec.MsgspecError: it does not fit the declared type.
        """
        ...


def answer_encoding(kind: Any) -> AnswerEncoding:
    """Return the encoding of answers of a type: of objects, or of `Json`, whose text is kept as it is.

    Raises:
        TypeError: msgspec cannot encode and decode it.
        RuntimeError: as TypeError.
        NameError: one of its annotations cannot be resolved.
    """
    encoding = _Texts(without_json(kind)) if _is_json(kind) else _Objects(kind)
    msgspec.json.schema(encoding.kind)
    return encoding


class _Objects:
    __slots__ = ("decode", "is_immutable", "kind")

    def __init__(self, kind: Any) -> None:
        self.kind = kind
        self.is_immutable = is_immutable(kind)
        self.decode: Callable[[bytes], object] = msgspec.json.Decoder(kind).decode

    def encode(self, answer: Any) -> bytes:
        return _encoder.encode(answer)


class _Texts:
    __slots__ = ("_check", "_read", "is_immutable", "kind")

    def __init__(self, kind: Any) -> None:
        self.kind = kind
        self.is_immutable = True
        self._check: Callable[[bytes], object] = msgspec.json.Decoder(kind).decode
        self._read: Callable[[bytes], object] = msgspec.json.Decoder(_with_mappings(kind)).decode

    def encode(self, answer: Any) -> bytes:
        if answer is None:
            return _NOTHING
        if not isinstance(answer, Json):
            message = f"{type(answer).__name__} is no Json"
            raise TypeError(message)
        return answer.encode()

    def decode(self, data: bytes) -> Json[Any] | None:
        self._check(data)
        return None if data == _NOTHING else Json.of_text(data, self._read)


def _is_json(kind: Any) -> bool:
    """Tell whether answers of a type are `Json`, or perhaps None."""
    some = _but_none(kind)
    return len(some) == 1 and typing.get_origin(some[0]) is Json


def _with_mappings(kind: Any) -> Any:
    """Return the type of what `Json` holds where its answers are of a type: a page of mappings, or just those."""
    of = [typing.get_origin(each) for each in _but_none(kind)]
    return next((page[Any] for page in _PAGES if page in of), Any)


def _but_none(kind: Any) -> list[Any]:
    members = typing.get_args(kind) if typing.get_origin(kind) in (Union, types.UnionType) else (kind,)
    return [each for each in members if each is not type(None)]
