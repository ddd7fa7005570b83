"""Time limits and numbers of one application."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Final

from duolog.errors import ConfigurationError


@dataclass(frozen=True, slots=True)
class Settings:
    """How an application behaves.

    Attributes:
        command_seconds: time limit of a command over all attempts; None for none.
        query_seconds: time limit of a query, not counting ``after=``; None for none.
        after_seconds: how long a query waits for a position if its caller does not say.
        attempts: how often a command is run at most when it meets conflicts.
        drain_seconds: how long closing waits for messages and projections that are under way.
        max_event_bytes: largest encoded event.
        idempotency_hours: how long the outcome of a command with an idempotency key is kept, at least.
        hot_entities: so many states of event-sourced entities are kept at hand, of those that can be copied cheaply:
            deciders with immutable states, and aggregates that declare snapshots. 0 keeps none.
        keep_previous_hours: how long the generation of a view is kept that a rebuilt one has replaced; until then
            `duolog projections rollback` goes back to it.
        watchers: so many live queries may be watched at once in this process.
        watch_seconds: so late a live query may see what another process has changed; this one's own changes it sees at
            once.
        replica_lag_seconds: a replica that is further behind gets no queries.
        replica_look_seconds: so often each replica is looked at: whether it answers, and how far it is behind.
        due_at_once: so many scheduled commands are executed side by side in this process.
    """

    command_seconds: float | None = 30.0
    query_seconds: float | None = 10.0
    after_seconds: float = 5.0
    attempts: int = 10
    drain_seconds: float = 10.0
    max_event_bytes: int = 1_048_576
    idempotency_hours: float = 24.0
    hot_entities: int = 1_024
    keep_previous_hours: float = 24.0
    watchers: int = 10_000
    watch_seconds: float = 0.1
    replica_lag_seconds: float = 10.0
    replica_look_seconds: float = 1.0
    due_at_once: int = 16

    def __post_init__(self) -> None:
        """Refuse what is no number, and numbers that make no sense.

        Raises:
            ConfigurationError: it names the setting, and says what it may be.
        """
        for setting in fields(self):
            value = getattr(self, setting.name)
            least = _LEAST.get(setting.name)
            if value is None and setting.name in _ENDLESS:
                continue
            if least is None and not _is_time(value):
                unit = "hours" if setting.name.endswith("_hours") else "seconds"
                endless = ", or None for no limit" if setting.name in _ENDLESS else ""
                raise _refusal(setting.name, value, f"{unit}, a number greater than 0{endless}")
            if least is not None and not _is_whole(value, least):
                raise _refusal(setting.name, value, f"a whole number, {least} or more")


_ENDLESS: Final = frozenset({"command_seconds", "query_seconds"})
_LEAST: Final[Mapping[str, int]] = {
    "attempts": 1,
    "max_event_bytes": 1,
    "hot_entities": 0,
    "watchers": 0,
    "due_at_once": 1,
}


def _is_time(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and value > 0


def _is_whole(value: object, least: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= least


def _refusal(name: str, value: object, wanted: str) -> ConfigurationError:
    return ConfigurationError(f"Settings({name}={value!r}) is not allowed", hint=f"Give {wanted}.")
