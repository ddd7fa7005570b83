"""What a process says of its background work: a line whenever it begins, gives up, or fails at something."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any

import typer

from duolog.cli.json_line import echo_json
from duolog.cli.terminal import printable
from duolog.subscriptions.share import ALL_BUCKETS, Share
from duolog.subscriptions.status import RunnerState, SubscriptionStatus

_Seen = tuple[RunnerState, tuple[Share, ...], str]


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

    def _say(self, name: str, state: RunnerState, shares: tuple[Share, ...], error: str) -> None:
        if self.as_json:
            texts = [
                f"{generation}: {share.buckets}" if generation else str(share.buckets)
                for generation, group in _by_generation(shares)
                for share in group
            ]
            members: dict[str, Any] = {"name": name, "doing": state.value, "shares": texts, "error": error}
            echo_json({"state": "working", "application": self.application, **members})
        else:
            typer.echo(printable(f"{name}  {_sentence(state, shares, error)}"), err=True)


def _sentence(state: RunnerState, shares: tuple[Share, ...], error: str) -> str:
    parts = [" ".join(filter(None, (generation, _partitions(group)))) for generation, group in _by_generation(shares)]
    what = f"{state.value}, {'; '.join(parts)}" if any(parts) else state.value
    return f"{what}: {error}" if error else what


def _partitions(shares: Sequence[Share]) -> str:
    """Return which partitions they are; nothing for all of them."""
    if [share.buckets for share in shares] == [ALL_BUCKETS]:
        return ""
    return f"partitions {', '.join(str(share.buckets) for share in shares)}"


def _by_generation(shares: Sequence[Share]) -> Sequence[tuple[str, Sequence[Share]]]:
    """Return the shares of each generation behind its name, which is empty where there is only one."""
    groups = [(number, [*group]) for number, group in groupby(shares, key=lambda share: share.generation)]
    return [(f"generation {number}" if len(groups) > 1 else "", group) for number, group in groups]


def _held(status: SubscriptionStatus) -> tuple[Share, ...]:
    return tuple(each.share for each in status.shares if each.state is RunnerState.RUNNING)
