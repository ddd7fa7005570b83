"""The note by which a caller asks for an answer that has a position."""

from dataclasses import dataclass

from duolog.read.position_token import PositionToken


@dataclass(frozen=True, slots=True)
class AfterPosition:
    """The note by which a caller asks for an answer that has a position.

    Attributes:
        position: a settled position, or the token of a receipt.
        seconds: how long to wait at most.
    """

    position: int | PositionToken
    seconds: float
