"""Middleware `tracing`: a span for every message, through opentelemetry-api."""

from dataclasses import replace
from typing import Any, Final

from opentelemetry import trace
from opentelemetry.trace import ProxyTracerProvider, SpanKind, Status, StatusCode
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from duolog.dispatch.context import MessageContext
from duolog.dispatch.pipeline import Call
from duolog.messages.binding import Binding, MessageKind
from duolog.messages.metadata import Metadata
from duolog.telemetry import (
    ATTRIBUTE_ATTEMPTS,
    ATTRIBUTE_CORRELATION,
    ATTRIBUTE_KIND,
    ATTRIBUTE_MESSAGE,
    INSTRUMENTATION_NAME,
    SPAN_COMMAND,
    SPAN_QUERY,
)

# Stored metadata speaks W3C trace context, whatever the process's global propagator speaks.
_TRACE_CONTEXT: Final = TraceContextTextMapPropagator()


class TracingMiddleware:
    """Opens a span for each message, as a child of the current span or of the message's ``traceparent``.

    The span's own ``traceparent`` is stored with the events that the message causes.

    Where no tracer provider was set when the application starts, nothing is wrapped and nothing is paid.
    """

    name = "tracing"

    def build(self, binding: Binding[Any, Any], proceed: Call) -> Call:
        """Wrap the rest of the pipeline."""
        if isinstance(trace.get_tracer_provider(), ProxyTracerProvider):
            return proceed
        tracer = trace.get_tracer(INSTRUMENTATION_NAME)
        is_command = binding.kind is MessageKind.COMMAND
        span_name = f"{SPAN_COMMAND if is_command else SPAN_QUERY} {binding.name}"
        attributes = {ATTRIBUTE_MESSAGE: binding.name, ATTRIBUTE_KIND: binding.kind.value}

        async def call(context: MessageContext) -> object:
            metadata = context.metadata or Metadata()
            parent = None
            if metadata.traceparent and not trace.get_current_span().get_span_context().is_valid:
                parent = _TRACE_CONTEXT.extract({"traceparent": metadata.traceparent})
            with tracer.start_as_current_span(
                span_name,
                context=parent,
                kind=SpanKind.INTERNAL,
                attributes=attributes,
                record_exception=False,
                set_status_on_exception=False,
            ) as span:
                span.set_attribute(ATTRIBUTE_CORRELATION, str(metadata.correlation_id))
                context.metadata = _in_span(metadata)
                try:
                    return await proceed(context)
                except Exception as error:
                    # The class only: a message could hold personal data.
                    span.set_status(Status(StatusCode.ERROR, type(error).__name__))
                    raise
                finally:
                    if context.attempts > 1:
                        span.set_attribute(ATTRIBUTE_ATTEMPTS, context.attempts)

        return call


def _in_span(metadata: Metadata) -> Metadata:
    """Let the events of a message lead to its span, so that what they set off joins the trace."""
    carrier: dict[str, str] = {}
    _TRACE_CONTEXT.inject(carrier)
    return replace(metadata, traceparent=carrier.get("traceparent", metadata.traceparent))
