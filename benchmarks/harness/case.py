"""What is compared: cases that are opened once and then run round by round."""

from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Costs:
    """What an operation cost, on average.

    Attributes:
        client: seconds of CPU in the process that measures.
        server: seconds of CPU in all processes of the database server.
        fsyncs: how often the server made its write-ahead log reach the disk.
    """

    client: float
    server: float
    fsyncs: float


@dataclass(frozen=True, slots=True)
class Sample:
    """What one round of one case took.

    Attributes:
        operations: how many were done.
        seconds: how long they took together.
        latencies: seconds of each operation, where they were measured one by one.
        costs: what an operation cost, where that was measured.
        missed: operations that should have been seen and were not, where that was counted.
    """

    operations: int
    seconds: float
    latencies: Sequence[float] = ()
    costs: Costs | None = None
    missed: int | None = None

    @property
    def rate(self) -> float:
        """Operations a second."""
        return self.operations / self.seconds

    def latency(self, share: float) -> float | None:
        """Return the latency in seconds that ``share`` of the operations did not exceed, or None if not measured."""
        if not self.latencies:
            return None
        ordered = sorted(self.latencies)
        return ordered[min(int(share * len(ordered)), len(ordered) - 1)]

    def speed(self, share: float | None) -> float:
        """Return how fast it was: the rate, or one by the latency that ``share`` of the operations did not exceed."""
        if share is None:
            return self.rate
        latency = self.latency(share)
        assert latency, "a target is about latencies that were not measured"
        return 1 / latency


Round = Callable[[], Awaitable[Sample]]


@dataclass(frozen=True, slots=True)
class Case:
    """One way to do a piece of work.

    Attributes:
        name: what it is, in the table.
        open: prepares it in a folder of its own; gives what is awaited once a round.
    """

    name: str
    open: Callable[[Path], AbstractAsyncContextManager[Round]]


@dataclass(frozen=True, slots=True)
class Target:
    """What duolog aims at.

    Attributes:
        ours: name of duolog's case.
        peer: name of the case that it is compared with; empty for an absolute target.
        least: the ratio of speeds, ours to the peer's, that must be reached; absolute: operations a second.
        text: as the table shows it.
        share: None if the target is about the rate; 0.5 or 0.99 if it is about a latency, whose speed is one by it.
    """

    ours: str
    peer: str
    least: float
    text: str
    share: float | None = None


@dataclass(frozen=True, slots=True)
class Comparison:
    """Cases that are run interleaved and shown in one table.

    Attributes:
        name: short, for the command line.
        title: heading of the table.
        unit: what an operation is.
        cases: in the table's order.
        reference: the case to which all are compared.
        targets: what duolog aims at.
        per_operation: show the time of an operation instead of operations a second.
    """

    name: str
    title: str
    unit: str
    cases: Sequence[Case]
    reference: str
    targets: Sequence[Target] = ()
    per_operation: bool = False
