"""How the answers of a query become bytes, and again answers."""

import types
import typing
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final, Union

import msgspec

from duolog.messages.immutability import is_immutable
from duolog.read.json_answer import Json, without_json
from duolog.read.pages import CursorPage, OffsetPage, PaginatedResult

_NOTHING: Final = b"null"
_PAGES: Final[Mapping[Any, Any]] = MappingProxyType(
    {PaginatedResult: PaginatedResult[Any], OffsetPage: OffsetPage[Any], CursorPage: CursorPage[Any]}
)


@dataclass(frozen=True, slots=True)
class AnswerEncoding:
    """Encodes the answers of one query.

    Attributes:
        encode: returns an answer as JSON; raises a TypeError, a ValueError or a DuologError if it cannot.
        decode: returns the answer that was encoded; raises a ``msgspec.MsgspecError`` if it does not fit its type.
        is_immutable: nobody can change a decoded answer in place, so that one serves all.
    """

    encode: Callable[[Any], bytes]
    decode: Callable[[bytes], object]
    is_immutable: bool


def answer_encoding(kind: Any) -> AnswerEncoding:
    """Return the encoding of answers of a type: of objects, or of `Json`, whose text is kept as it is.

    Raises:
        TypeError: msgspec cannot encode and decode it.
        RuntimeError: as TypeError.
        NameError: one of its annotations cannot be resolved.
    """
    if _is_json(kind):
        return _of_texts(without_json(kind))
    msgspec.json.schema(kind)
    return AnswerEncoding(msgspec.json.Encoder().encode, msgspec.json.Decoder(kind).decode, is_immutable(kind))


def _of_texts(kind: Any) -> AnswerEncoding:
    msgspec.json.schema(kind)
    check: Callable[[bytes], object] = msgspec.json.Decoder(kind).decode
    read: Callable[[bytes], object] = msgspec.json.Decoder(_with_mappings(kind)).decode

    def decode(text: bytes) -> object:
        check(text)
        return None if text == _NOTHING else Json[Any].of_text(text, read)

    return AnswerEncoding(_text_of, decode, is_immutable=True)


def _text_of(answer: Any) -> bytes:
    if answer is None:
        return _NOTHING
    if not isinstance(answer, Json):
        message = f"{type(answer).__name__} is no Json"
        raise TypeError(message)
    return answer.encode()


def _is_json(kind: Any) -> bool:
    """Tell whether answers of a type are `Json`, or perhaps None."""
    some = _but_none(kind)
    return len(some) == 1 and typing.get_origin(some[0]) is Json


def _with_mappings(kind: Any) -> Any:
    """Return the type of what `Json` holds where its answers are of a type: a page of mappings, or just those."""
    some = _but_none(kind)
    return _PAGES.get(typing.get_origin(some[0]), Any) if len(some) == 1 else Any


def _but_none(kind: Any) -> list[Any]:
    members = typing.get_args(kind) if typing.get_origin(kind) in (Union, types.UnionType) else (kind,)
    return [each for each in members if each is not type(None)]
