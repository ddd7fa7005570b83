"""What a process says of its background work: a line whenever it begins, gives up, or fails at something."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import typer

from duolog.cli.json_line import echo_json
from duolog.cli.terminal import printable
from duolog.subscriptions.share import ALL_BUCKETS
from duolog.subscriptions.status import RunnerState, SubscriptionStatus

_Seen = tuple[RunnerState, tuple[str, ...], str]


@dataclass(frozen=True, slots=True)
class WorkLines:
    """Says what has changed since it was told last.

    Attributes:
        application: its name.
        as_json: an object a line on standard output, whose ``state`` is ``working``; else text on standard error.
    """

    application: str
    as_json: bool = False
    _seen: dict[str, _Seen] = field(default_factory=dict[str, _Seen])

    def tell(self, statuses: Sequence[SubscriptionStatus]) -> None:
        """Say what each projection and process is doing here, if it does something else than before."""
        for status in statuses:
            seen = (status.state, _held(status), status.error)
            if self._seen.get(status.subscription) != seen:
                self._seen[status.subscription] = seen
                self._say(status.subscription, *seen)

    def _say(self, name: str, state: RunnerState, shares: tuple[str, ...], error: str) -> None:
        if self.as_json:
            members: dict[str, Any] = {"name": name, "doing": state.value, "shares": shares, "error": error}
            echo_json({"state": "working", "application": self.application, **members})
        else:
            typer.echo(printable(f"{name}  {_sentence(state, shares, error)}"), err=True)


def _sentence(state: RunnerState, shares: tuple[str, ...], error: str) -> str:
    everything = shares == (str(ALL_BUCKETS),)
    what = state.value if not shares or everything else f"{state.value}, partitions {', '.join(shares)}"
    return f"{what}: {error}" if error else what


def _held(status: SubscriptionStatus) -> tuple[str, ...]:
    return tuple(str(each.share.buckets) for each in status.shares if each.state is RunnerState.RUNNING)
