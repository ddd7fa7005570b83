"""The opaque token of what a command wrote, for reading it back elsewhere."""

import base64
import binascii
from dataclasses import dataclass
from typing import Annotated, Final, Literal, Self

import msgspec

from duolog.errors import ForeignTokenError

_LONGEST: Final = 1_024
_Position = Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)]
_LogId = Annotated[str, msgspec.Meta(max_length=64)]
_Partitions = Annotated[tuple[Annotated[int, msgspec.Meta(ge=0, le=255)], ...], msgspec.Meta(max_length=256)]

_encoder: Final = msgspec.msgpack.Encoder()
_decoder: Final = msgspec.msgpack.Decoder(tuple[Literal[1], _LogId, _Position, _Position, _Partitions])


@dataclass(frozen=True, slots=True)
class PositionToken:
    """What a command wrote, as far as a later query has to know it. It proves nothing, so it is not signed.

    Attributes:
        log_id: identity of the log; a token of another log is refused.
        first_position: position of its first event; 0 if nothing was written.
        position: position of its last event; 0 if nothing was written.
        partitions: buckets of its streams.
    """

    log_id: str
    first_position: int
    position: int
    partitions: frozenset[int] = frozenset()

    def encode(self) -> str:
        """Return the token as URL-safe text; its form is no promise."""
        fields = (1, self.log_id, self.first_position, self.position, sorted(self.partitions))
        return base64.urlsafe_b64encode(_encoder.encode(fields)).rstrip(b"=").decode()

    @classmethod
    def decode(cls, text: str) -> "PositionToken":
        """Return the token of a text that `encode` made.

        Raises:
            ForeignTokenError: it is no such text, or one of another release.
        """
        try:
            token = cls._decoded(text)
        except (binascii.Error, msgspec.MsgspecError, ValueError) as error:
            message = "this is not a position token of this release"
            raise ForeignTokenError(message, hint="Send back the text that the command's answer carried.") from error
        return token

    @classmethod
    def _decoded(cls, text: str) -> "PositionToken":
        if len(text) > _LONGEST:
            message = "too long"
            raise ValueError(message)
        raw = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
        _, log_id, first, last, partitions = _decoder.decode(raw)
        token = cls(log_id, first, last, frozenset(partitions))
        if first > last or token.encode() != text:
            message = "not what encode() makes"
            raise ValueError(message)
        return token


class CommittedPosition(int):
    """The position of a command's last event, which remembers its first one.

    A query after it waits for all of them, and notices when any of them is parked.

    Attributes:
        first: position of the command's first event.
    """

    first: int

    @classmethod
    def of(cls, first: int, last: int) -> Self:
        """Make the position of the events from ``first`` to ``last``."""
        position = cls(last)
        position.first = first
        return position


def positions_of(after: int | PositionToken) -> tuple[int, int]:
    """Return the first and the last position of what a position or a token stands for; 0 and 0 for nothing."""
    if isinstance(after, PositionToken):
        return after.first_position, after.position
    return (after.first if isinstance(after, CommittedPosition) else after), after
