"""What a subscription's runner is doing, for people to read."""

from dataclasses import dataclass
from enum import Enum


class RunnerState(Enum):
    """What a runner is doing."""

    WAITING = "waiting for lease"
    RUNNING = "running"
    BACKING_OFF = "backing off"
    STOPPED = "stopped"


@dataclass(frozen=True, slots=True)
class SubscriptionStatus:
    """What the runner of one subscription in this process is doing.

    Attributes:
        subscription: its name.
        version: version of the code that this process runs.
        owner: the name under which this process asks for the lease.
        state: what it is doing.
        position: how far this process knows it to be; a process that waits for the lease knows little.
        error: class and message of what failed last; empty since it works again.
    """

    subscription: str
    version: int
    owner: str
    state: RunnerState
    position: int
    error: str
