"""Answers that are ready to be written as JSON."""

from typing import Generic, TypeVar

import msgspec

from duolog.errors import StatementError

T = TypeVar("T")

_encoder = msgspec.json.Encoder()


class Json(Generic[T]):
    """An answer of the type ``T`` that is written as JSON without having been made: rows go from driver to encoder.

    ``Query[Json[PaginatedResult[UserDTO]]]`` is answered with one; over HTTP its text is the body. It is the text that
    the objects would have, byte for byte.

    Attributes:
        value: what is encoded: of the form of a ``T``, but with mappings for its DTOs.
    """

    __slots__ = ("value",)

    def __init__(self, value: object) -> None:
        self.value = value

    def encode(self) -> bytes:
        """Return the JSON text, in UTF-8.

        Raises:
            StatementError: a field has a type that JSON cannot show.
        """
        try:
            return _encoder.encode(self.value)
        except (TypeError, msgspec.MsgspecError) as error:
            message = f"the rows cannot be written as JSON: {error}"
            raise StatementError(message) from None
