"""What the runners of a subscription are doing, for people to read."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

from duolog.subscriptions.share import Share


class RunnerState(Enum):
    """What a runner is doing."""

    WAITING = "waiting for lease"
    RUNNING = "running"
    BACKING_OFF = "backing off"
    PAUSED = "paused"
    STOPPED = "stopped"


@dataclass(frozen=True, slots=True)
class ShareStatus:
    """What this process does with one share.

    Attributes:
        share: the share.
        state: what it is doing.
        position: how far this process knows it to be.
        error: class and message of what failed last; empty since it works again.
    """

    share: Share
    state: RunnerState
    position: int
    error: str


@dataclass(frozen=True, slots=True)
class SubscriptionStatus:
    """What one subscription is doing in this process.

    Attributes:
        subscription: its name.
        version: version of the code that this process runs.
        owner: the name under which this process asks for leases.
        state: what it is doing: backing off if one of its shares is, else running if one of them is.
        position: how far this process knows it to be: the least of the shares that it advances; a process that waits
            for leases knows little.
        error: class and message of what failed last; empty since it works again.
        shares: the shares that this process advances, or has tried to.
    """

    subscription: str
    version: int
    owner: str
    state: RunnerState
    position: int
    error: str
    shares: Sequence[ShareStatus] = ()
