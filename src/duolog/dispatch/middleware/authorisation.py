"""Middleware `authorisation`: one place that may refuse a message before its handler is built."""

from typing import Any, Protocol

from duolog.dispatch.context import MessageContext, OnOwnAuthority
from duolog.dispatch.pipeline import Call
from duolog.messages.binding import Binding
from duolog.messages.metadata import Metadata


class Authorizer(Protocol):
    """Decides whether a message may be handled at all; finer rules belong to interactors."""

    async def authorize(self, message: object, metadata: Metadata) -> None:
        """Return if the message may be handled.

        Raises:
            NotAuthenticatedError: it needs an actor, and there is none.
            NotAuthorizedError: its actor may not send it.
        """
        ...


class AuthorisationMiddleware:
    """Asks the application's `Authorizer`, before a stored answer is replayed or work begins.

    It is not asked about commands that were scheduled: those who scheduled them were allowed to.

    Args:
        authorizer: the application's; None allows everything.
    """

    name = "authorisation"

    def __init__(self, authorizer: Authorizer | None) -> None:
        self._authorizer = authorizer

    def build(self, binding: Binding[Any, Any], proceed: Call) -> Call:  # noqa: ARG002 - the signature of all
        """Wrap the rest of the pipeline; without an authorizer nothing is wrapped."""
        authorizer = self._authorizer
        if authorizer is None:
            return proceed

        async def call(context: MessageContext) -> object:
            if context.find(OnOwnAuthority) is None:
                await authorizer.authorize(context.message, context.metadata or Metadata())
            return await proceed(context)

        return call
