"""Answers requests that are cut off while the service stops."""

import asyncio

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from duolog.integrations.fastapi.problems import CUT_OFF, problem_response


class CutOffRequests:
    """ASGI middleware: a request whose task is cancelled, by the server or by a closing application, still gets a 503.

    The cancellation goes on: whoever cancels the task, like a server whose patience has ended, sees it end by that.

    Args:
        asgi: what is called.
    """

    def __init__(self, asgi: ASGIApp) -> None:
        self._asgi = asgi

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        has_begun = False

        async def watched_send(message: Message) -> None:
            nonlocal has_begun
            has_begun = True
            await send(message)

        try:
            await self._asgi(scope, receive, watched_send)
        except asyncio.CancelledError:
            if scope["type"] == "http" and not has_begun:
                await problem_response(CUT_OFF)(scope, receive, send)
            raise
