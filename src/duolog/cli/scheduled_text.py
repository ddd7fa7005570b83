"""A scheduled command as text and as JSON."""

from datetime import UTC, datetime
from typing import Any, Final

import msgspec

from duolog.cli.terminal import printable
from duolog.scheduling.scheduled_command import ScheduledCommand, ScheduledState

_MICROSECONDS: Final = 1_000_000


def scheduled_json(command: ScheduledCommand) -> dict[str, Any]:
    """Return the members that are shown of a scheduled command; their names are stable."""
    return {
        "id": str(command.id),
        "tenant": command.tenant,
        "command": command.command,
        "version": command.version,
        "key": command.key,
        "state": command.state.value,
        "scheduled_at": time_text(command.scheduled_at),
        "due_at": time_text(command.due_at),
        "next_at": time_text(command.next_at),
        "owner": command.owner,
        "attempts": command.attempts,
        "error": command.error,
    }


def detail_json(command: ScheduledCommand, *, payload: bool) -> dict[str, Any]:
    """Return the members of a scheduled command with its traceback, its metadata and, if wanted, its payload."""
    detail = {**scheduled_json(command), "traceback": command.traceback, "metadata": msgspec.Raw(command.metadata)}
    return {**detail, "payload": msgspec.Raw(command.payload)} if payload else detail


def detail_text(command: ScheduledCommand, *, payload: bool) -> str:
    """Show a scheduled command to people: what it is, when it is due, and what failed."""
    is_tried = command.state is not ScheduledState.FAILED  # what was refused waits for somebody to retry it
    members = {
        "id": str(command.id),
        "command": f"{command.command} (version {command.version})",
        "tenant": command.tenant,
        "key": command.key or "",
        "state": command.state.value,
        "scheduled": time_text(command.scheduled_at),
        "due": time_text(command.due_at),
        "next try": time_text(command.next_at) if is_tried and command.next_at != command.due_at else "",
        "executed by": command.owner,
        "attempts": str(command.attempts),
        "error": command.error,
        "metadata": command.metadata.decode("utf-8", "replace"),
        "payload": command.payload.decode("utf-8", "replace") if payload else "",
    }
    lines = [printable(f"{name:<11}  {value}") for name, value in members.items() if value]
    if command.traceback:
        lines += ["", *(printable(line) for line in command.traceback.rstrip().split("\n"))]
    return "\n".join([*lines, ""])


def time_text(microseconds: int) -> str:
    """Return a time as ISO 8601 in UTC."""
    try:
        return f"{datetime.fromtimestamp(microseconds // _MICROSECONDS, UTC):%Y-%m-%dT%H:%M:%SZ}"
    except (ValueError, OverflowError, OSError):
        return f"{microseconds} µs"
