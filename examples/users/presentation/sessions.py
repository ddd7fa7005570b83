"""Sessions: a signed-in user's bearer token."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from duolog import Actor
from duolog.integrations.fastapi import BearerTokens
from users.application.dto.session import SignedInUser

_LASTS: Final = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class SessionDTO:
    """What signing in answers with.

    Attributes:
        token: to be sent as ``Authorization: Bearer ...``.
        expires_at: from then on it is refused.
    """

    token: str = field(repr=False)
    expires_at: datetime


def open_session(bearer: BearerTokens) -> Callable[[SignedInUser], SessionDTO]:
    """Return the function that gives a signed-in user a token."""

    def session(user: SignedInUser) -> SessionDTO:
        return SessionDTO(*bearer.issue(Actor(str(user.id), frozenset({user.role})), _LASTS))

    return session
