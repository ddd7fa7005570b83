"""Middleware `context`: the message is current, and so are its metadata, which children inherit."""

from typing import Any

from duolog.dispatch.context import CURRENT_CONTEXT, MessageContext
from duolog.dispatch.pipeline import Call
from duolog.messages.binding import Binding


class ContextMiddleware:
    """Makes every message current; messages sent while it runs are its children."""

    name = "context"

    def build(self, binding: Binding[Any, Any], proceed: Call) -> Call:  # noqa: ARG002 - the signature of all
        """Wrap the rest of the pipeline."""

        async def call(context: MessageContext) -> object:
            token = CURRENT_CONTEXT.set(context)
            try:
                return await proceed(context)
            finally:
                CURRENT_CONTEXT.reset(token)

        return call
