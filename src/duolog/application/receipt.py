"""What a command gives back beside its result."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from duolog.dispatch.context import MessageContext
from duolog.eventstore.appends import NOTHING_APPENDED, Appended
from duolog.read.position_token import CommittedPosition, PositionToken
from duolog.write.idempotency import AnsweredKey
from duolog.write.middleware.idempotency import Replayed

R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class Receipt(Generic[R]):
    """A command's result, and where its events are in the log.

    Attributes:
        result: what the interactor returned.
        position: position of its last event, for ``query(..., after=receipt.position)``; 0 if it recorded nothing.
        versions: by stream, the version after it.
        token: the position for other processes, or None if it recorded nothing.
        replayed: the command was executed before, with the same idempotency key; this is its stored outcome.
        answered: where its outcome is stored; None without an idempotency key.
    """

    result: R
    position: int
    versions: Mapping[str, int]
    token: PositionToken | None
    replayed: bool = False
    answered: AnsweredKey | None = field(default=None, compare=False, repr=False)


def make_receipt(result: R, context: MessageContext, log_id: str) -> Receipt[R]:
    """Make a command's receipt from what its unit of work noted.

    Args:
        result: what the interactor returned.
        context: of the command, after its pipeline has run.
        log_id: identity of the log.
    """
    appended = context.find(Appended) or NOTHING_APPENDED
    token = None
    if appended.position:
        token = PositionToken(log_id, appended.first_position, appended.position, appended.partitions)
    replayed = context.find(Replayed) is not None
    position = CommittedPosition.of(appended.first_position, appended.position)
    return Receipt(result, position, appended.versions, token, replayed, context.find(AnsweredKey))
