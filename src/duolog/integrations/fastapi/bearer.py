"""Bearer tokens (RFC 6750) that carry an actor, signed with the application's secret."""

from datetime import UTC, datetime, timedelta
from typing import Final

import msgspec

from duolog.clock import Clock, SystemClock
from duolog.codec.signer import Signer
from duolog.errors import PayloadError
from duolog.messages.metadata import Actor

_SCHEME: Final = "bearer"


class _Claims(msgspec.Struct, frozen=True, array_like=True):
    """What a token says: who, as what, and until when (seconds since 1970)."""

    actor: str
    roles: list[str]
    expires: int


_decoder: Final = msgspec.json.Decoder(_Claims)


class BearerTokens:
    """Issues and verifies bearer tokens.

    A token holds the actor and its roles and needs no look-up; it is valid until it expires, also if the actor's
    roles change meanwhile, so let it live shortly.

    Args:
        secret: the application's secret.
        clock: tells when a token expires.
    """

    __slots__ = ("_clock", "_signer")

    def __init__(self, secret: str | bytes, clock: Clock | None = None) -> None:
        self._signer = Signer(secret.encode() if isinstance(secret, str) else secret, "bearer")
        self._clock = clock or SystemClock()

    def issue(self, actor: Actor, ttl: timedelta) -> tuple[str, datetime]:
        """Make a token.

        Args:
            actor: whom its bearer acts as.
            ttl: how long it is valid; whole seconds.

        Returns:
            The token, and when it expires (aware, UTC).
        """
        expires = int((self._clock.now() + ttl).timestamp())
        claims = _Claims(actor.id, sorted(actor.roles), expires)
        return self._signer.sign(msgspec.json.encode(claims)), datetime.fromtimestamp(expires, UTC)

    def verify(self, token: str) -> Actor | None:
        """Return the actor of a token, or None if it was not made here or has expired."""
        try:
            claims = _decoder.decode(self._signer.verify(token))
        except (msgspec.DecodeError, ValueError):  # an altered signature, and text that is no UTF-8, are ValueErrors
            return None
        if claims.expires <= self._clock.now().timestamp():
            return None
        try:
            return Actor(claims.actor, frozenset(claims.roles))
        except PayloadError:  # a release with other rules made it
            return None

    def actor_of(self, authorization: str) -> Actor | None:
        """Return the actor of an ``Authorization`` header, or None if it is no valid bearer token."""
        scheme, _, token = authorization.partition(" ")
        return self.verify(token.strip()) if scheme.lower() == _SCHEME else None
