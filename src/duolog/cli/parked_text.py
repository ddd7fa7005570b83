"""A parked event as text and as JSON."""

from datetime import UTC, datetime
from typing import Any

import msgspec

from duolog.admin.parked_events import ParkedDetail
from duolog.cli.event_line import event_json
from duolog.cli.terminal import printable
from duolog.subscriptions.fingerprint import fingerprint
from duolog.subscriptions.parking import ParkedEvent

_MICROSECONDS = 1_000_000


def parked_json(event: ParkedEvent) -> dict[str, Any]:
    """Return the members that are shown of a parked event; their names are stable."""
    return {
        "subscription": event.subscription,
        "tenant": event.tenant,
        "key": event.key,
        "position": event.position,
        "type": event.type,
        "reason": event.reason.value,
        "error": event.error,
        "fingerprint": fingerprint(event),
        "parked_at": _time(event),
    }


def detail_json(detail: ParkedDetail) -> dict[str, Any]:
    """Return the members of a parked event with its traceback and the recorded event."""
    recorded = None if detail.recorded is None else msgspec.Raw(event_json(detail.recorded).encode())
    return {**parked_json(detail.parked), "traceback": detail.parked.traceback, "event": recorded}


def detail_text(detail: ParkedDetail) -> str:
    """Show a parked event to people: who parked it and why, the traceback, and the event."""
    parked, recorded = detail.parked, detail.recorded
    members = {
        "projection": parked.subscription,
        "key": f"{parked.tenant}/{parked.key}" if parked.tenant else parked.key,
        "position": str(parked.position),
        "type": parked.type,
        "parked": _time(parked),
        "reason": parked.reason.value,
        "error": parked.error,
        "alike": fingerprint(parked),
    }
    if recorded is not None:
        members |= {
            "version": f"{recorded.version} (schema {recorded.schema_version})",
            "data": recorded.data.decode("utf-8", "replace"),
            "metadata": recorded.metadata.decode("utf-8", "replace"),
        }
    lines = [printable(f"{name:<10}  {value}") for name, value in members.items() if value]
    if parked.traceback:
        lines += ["", *(printable(line) for line in parked.traceback.rstrip().split("\n"))]
    return "\n".join([*lines, ""])


def _time(event: ParkedEvent) -> str:
    moment = datetime.fromtimestamp(event.parked_at // _MICROSECONDS, UTC)
    return f"{moment:%Y-%m-%dT%H:%M:%SZ}"
