"""Names of the spans and attributes that duolog writes through opentelemetry-api; the user brings the SDK."""

from typing import Final

INSTRUMENTATION_NAME: Final = "duolog"

SPAN_COMMAND: Final = "duolog.command"
SPAN_QUERY: Final = "duolog.query"

ATTRIBUTE_MESSAGE: Final = "duolog.message"
ATTRIBUTE_KIND: Final = "duolog.kind"
ATTRIBUTE_ATTEMPTS: Final = "duolog.attempts"
ATTRIBUTE_CORRELATION: Final = "duolog.correlation_id"
