"""Middleware `metrics`: how many messages there were, how they ended and how long they took, through opentelemetry."""

import asyncio
import time
from typing import Any, Final

from duolog.dispatch.context import MessageContext
from duolog.dispatch.pipeline import Call
from duolog.errors import (
    ConflictError,
    InvalidMessageError,
    NotAuthenticatedError,
    NotAuthorizedError,
    TimeLimitExceededError,
)
from duolog.messages.binding import Binding, MessageKind
from duolog.telemetry import (
    ATTRIBUTE_ERROR_TYPE,
    ATTRIBUTE_KIND,
    ATTRIBUTE_MESSAGE,
    ATTRIBUTE_OUTCOME,
    METRIC_COMMAND_DURATION,
    METRIC_CONFLICTS,
    METRIC_QUERY_DURATION,
    METRIC_RETRIES,
    find_meter,
)

_OK: Final = "ok"
_ERROR: Final = "error"
_OUTCOMES: Final = (
    (ConflictError, "conflict"),
    (InvalidMessageError, "refused"),
    (NotAuthenticatedError, "refused"),
    (NotAuthorizedError, "refused"),
    (TimeLimitExceededError, "timed_out"),
    (asyncio.CancelledError, "cancelled"),
)


class MetricsMiddleware:
    """Records each message's duration by its outcome, and a command's conflicts and retries.

    The histograms' counts are the numbers of commands and queries. Outcomes are ``ok``, ``conflict``, ``refused`` (not
    valid, not allowed), ``timed_out``, ``cancelled`` and ``error``; an error's class is beside it, never its message.

    Where no meter provider was set when the application starts, nothing is wrapped and nothing is paid.
    """

    name = "metrics"

    def build(self, binding: Binding[Any, Any], proceed: Call) -> Call:
        """Wrap the rest of the pipeline."""
        meter = find_meter()
        if meter is None:
            return proceed
        is_command = binding.kind is MessageKind.COMMAND
        durations = meter.create_histogram(
            METRIC_COMMAND_DURATION if is_command else METRIC_QUERY_DURATION,
            unit="s",
            description="How long messages took, with all their attempts.",
        )
        conflicts = meter.create_counter(
            METRIC_CONFLICTS, unit="{conflict}", description="Attempts of commands that met a conflict."
        )
        retries = meter.create_counter(
            METRIC_RETRIES, unit="{attempt}", description="Attempts of commands after their first one."
        )
        message = {ATTRIBUTE_MESSAGE: binding.name}
        ended_well = {**message, ATTRIBUTE_KIND: binding.kind.value, ATTRIBUTE_OUTCOME: _OK}

        async def call(context: MessageContext) -> object:
            attributes = ended_well
            met = 0
            began = time.perf_counter()
            try:
                return await proceed(context)
            except BaseException as error:
                met = isinstance(error, ConflictError)
                attributes = {
                    **ended_well,
                    ATTRIBUTE_OUTCOME: _outcome(error),
                    ATTRIBUTE_ERROR_TYPE: type(error).__name__,
                }
                raise
            finally:
                durations.record(time.perf_counter() - began, attributes)
                retried = context.attempts - 1
                if retried:
                    retries.add(retried, message)
                if retried + met:
                    conflicts.add(retried + met, message)

        return call


def _outcome(error: BaseException) -> str:
    return next((outcome for cls, outcome in _OUTCOMES if isinstance(error, cls)), _ERROR)
