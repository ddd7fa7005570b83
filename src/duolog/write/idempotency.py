"""Idempotency keys: what is kept of a command that was executed with one, and the port that finds it again."""

import re
from dataclasses import dataclass, field
from typing import Final, Protocol

import msgspec

from duolog.errors import InvalidMessageError
from duolog.eventstore.appends import NOTHING_APPENDED, Appended

_VISIBLE: Final = re.compile(r"[!-~]{1,255}")
_encoder: Final = msgspec.json.Encoder()
_decoder: Final = msgspec.json.Decoder(Appended)


@dataclass(frozen=True, slots=True)
class IdempotencyKey:
    """A key that makes a command take effect once, however often it is sent.

    Attributes:
        value: 1 to 255 visible ASCII characters, chosen by the sender, like a UUID.
        operation: what the key is for, like a route; empty for the command's own name. Equal keys of other operations,
            actors and tenants have nothing to do with each other.
        answers_shown: the caller keeps the answer that it makes of the receipt (`IdempotencyStore.keep_shown`), and
            takes it from the receipt when the command comes again; then the receipt has no result.

    Raises:
        InvalidMessageError: the value is not of that form.
    """

    value: str
    operation: str = ""
    answers_shown: bool = field(default=False, compare=False)

    def __post_init__(self) -> None:
        """Check the value."""
        if not _VISIBLE.fullmatch(self.value):
            message = "an idempotency key has 1 to 255 visible ASCII characters"
            raise InvalidMessageError(message, hint="A UUID is a good one.")


GivenKey = str | IdempotencyKey | None
"""How a caller gives a key: as a text, as a key for an operation of its own, or not at all."""


def key_of(given: GivenKey) -> IdempotencyKey | None:
    """Return the key that a caller gave.

    Raises:
        InvalidMessageError: it is not of a key's form.
    """
    return IdempotencyKey(given) if isinstance(given, str) else given


@dataclass(frozen=True, slots=True)
class IdempotencyScope:
    """Where a key is unique.

    Attributes:
        tenant: whose data it is about.
        actor: id of who sent the command; empty for anonymous.
        operation: the command's name, or the route.
    """

    tenant: str
    actor: str
    operation: str


@dataclass(frozen=True, slots=True)
class IdempotencyRecord:
    """What a unit of work stores of its key, in its own transaction.

    Attributes:
        scope: where the key is unique.
        key: the key.
        fingerprint: of the command; another command with the same key has another one.
        result: the encoded result.
    """

    scope: IdempotencyScope
    key: str
    fingerprint: bytes
    result: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class StoredAnswer:
    """What is stored under a key.

    Attributes:
        fingerprint: of the command.
        result: the encoded result.
        outcome: what was appended.
        shown: what the caller made of it, like an HTTP answer; None if that was not kept.
    """

    fingerprint: bytes
    result: bytes = field(repr=False)
    outcome: Appended = NOTHING_APPENDED
    shown: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class AnsweredKey:
    """The key under which a command's outcome is stored.

    Attributes:
        scope: where the key is unique.
        key: the key.
        shown: what a caller made of the outcome before, as `IdempotencyStore.keep_shown` has kept it; None if nothing.
    """

    scope: IdempotencyScope
    key: str
    shown: str | None = field(default=None, repr=False)


class IdempotencyStore(Protocol):
    """Finds and forgets keys; they are written by `WorkCommitter.commit`, whose unique key decides who was first."""

    async def find(self, scope: IdempotencyScope, key: str) -> StoredAnswer | None:
        """Return what is committed under a key; None if nothing is."""
        ...

    async def hold(self, scope: IdempotencyScope, key: str) -> bool:
        """Try to be the one that executes the command with a key; never waits for whoever is.

        It spares a command from being run in vain, and no more: what is committed is decided by the unique key. So a
        store that cannot ask answers True. Whether it knows of other processes, `Features.keys_shared` says; what a
        process holds is free at once when it ends, however it ends.

        Returns:
            Whether it is held now, until `let_go`; False if this process, or another one, holds it.
        """
        ...

    def let_go(self, scope: IdempotencyScope, key: str) -> None:
        """Let a key go that `hold` got; other processes may learn of it a little later."""
        ...

    async def keep_shown(self, scope: IdempotencyScope, key: str, shown: str) -> None:
        """Keep what was made of a key's outcome, so that it is given again as it was; the first one stays.

        It has a transaction of its own, after that of the command: nothing is lost if it is never kept, since it can be
        made again of the result. Nothing happens if the key is not stored.

        Raises:
            DatabaseError: the database failed.
        """
        ...

    async def sweep(self, *, seconds: float, limit: int = 1_000) -> int:
        """Forget keys, oldest first.

        Args:
            seconds: keys of commands that were committed so long ago, or longer, by the database's clock.
            limit: at most so many at once.

        Returns:
            How many were forgotten.
        """
        ...


def encode_outcome(outcome: Appended) -> str:
    """Encode what was appended, for an adapter to store."""
    return _encoder.encode(outcome).decode()


def decode_outcome(text: str) -> Appended:
    """Decode what `encode_outcome` made."""
    return _decoder.decode(text)
