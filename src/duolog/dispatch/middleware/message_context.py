"""Middleware `context`: metadata that children inherit, in context variables."""

from typing import Any

from duolog.dispatch.context import CURRENT_CONTEXT, MessageContext
from duolog.dispatch.pipeline import Call
from duolog.ids import uuid7
from duolog.messages.binding import Binding
from duolog.messages.metadata import CURRENT_METADATA, Metadata


class ContextMiddleware:
    """Gives every message its metadata and makes it current; messages sent while it runs are its children."""

    name = "context"

    def build(self, binding: Binding[Any, Any], proceed: Call) -> Call:  # noqa: ARG002 - the signature of all
        """Wrap the rest of the pipeline."""

        async def call(context: MessageContext) -> object:
            metadata = context.metadata
            if metadata is None:
                metadata = context.metadata = child_metadata(CURRENT_METADATA.get())
            metadata_token = CURRENT_METADATA.set(metadata)
            context_token = CURRENT_CONTEXT.set(context)
            try:
                return await proceed(context)
            finally:
                CURRENT_CONTEXT.reset(context_token)
                CURRENT_METADATA.reset(metadata_token)

        return call


def child_metadata(parent: Metadata | None) -> Metadata:
    """Make the metadata of a message that is caused by ``parent``; None begins a correlation."""
    message_id = uuid7()
    if parent is None:
        return Metadata(message_id, message_id)
    return Metadata(
        message_id,
        parent.correlation_id,
        parent.message_id,
        parent.actor,
        parent.tenant,
        parent.traceparent,
    )
