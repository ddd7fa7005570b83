"""Names of the spans, metrics and attributes that duolog writes through opentelemetry-api; the user brings the SDK."""

from typing import Final

from opentelemetry import metrics
from opentelemetry.metrics import Meter

INSTRUMENTATION_NAME: Final = "duolog"

SPAN_COMMAND: Final = "duolog.command"
SPAN_QUERY: Final = "duolog.query"

METRIC_COMMAND_DURATION: Final = "duolog.command.duration"
METRIC_QUERY_DURATION: Final = "duolog.query.duration"
METRIC_CONFLICTS: Final = "duolog.command.conflicts"
METRIC_RETRIES: Final = "duolog.command.retries"
METRIC_BATCH_SIZE: Final = "duolog.writer.batch_size"
METRIC_LAG: Final = "duolog.subscription.lag"
METRIC_PARKED: Final = "duolog.subscription.parked"
METRIC_DELAY: Final = "duolog.subscription.delay"
METRIC_OWNERS: Final = "duolog.subscription.owners"
METRIC_PROCESSED: Final = "duolog.subscription.processed"
METRIC_REBALANCES: Final = "duolog.subscription.rebalances"
METRIC_CACHE_ANSWERS: Final = "duolog.cache.answers"
METRIC_CACHE_FAILURES: Final = "duolog.cache.failures"
METRIC_CACHE_UNFIT: Final = "duolog.cache.unfit"
METRIC_REPLICA_LAG: Final = "duolog.replica.lag"
METRIC_REPLICA_USED: Final = "duolog.replica.used"
METRIC_REPLICA_SNAPSHOTS: Final = "duolog.replica.snapshots"
METRIC_WATCHERS: Final = "duolog.query.watchers"

ATTRIBUTE_MESSAGE: Final = "duolog.message"
ATTRIBUTE_KIND: Final = "duolog.kind"
ATTRIBUTE_ATTEMPTS: Final = "duolog.attempts"
ATTRIBUTE_CORRELATION: Final = "duolog.correlation_id"
ATTRIBUTE_OUTCOME: Final = "duolog.outcome"
ATTRIBUTE_ERROR_TYPE: Final = "error.type"
ATTRIBUTE_REPLICA: Final = "duolog.replica"
ATTRIBUTE_SUBSCRIPTION: Final = "duolog.subscription"
ATTRIBUTE_CHANGE: Final = "duolog.change"

_API: Final = "opentelemetry.metrics"


def find_meter() -> Meter | None:
    """Return duolog's meter, or None where no meter provider was set: the API's own providers record nothing."""
    provider = metrics.get_meter_provider()
    if type(provider).__module__.startswith(_API):
        return None
    return provider.get_meter(INSTRUMENTATION_NAME)
