"""Medians and ratios: what is left of the samples of a comparison."""

from dataclasses import dataclass
from statistics import median

from benchmarks.harness.case import Comparison, Costs, Target
from benchmarks.harness.rounds import Samples


@dataclass(frozen=True, slots=True)
class Ratio:
    """How many times as fast one case was as another, compared round by round.

    Attributes:
        median: of the rounds' ratios.
        least: the smallest.
        most: the largest.
    """

    median: float
    least: float
    most: float


@dataclass(frozen=True, slots=True)
class Figure:
    """One row of a table.

    Attributes:
        name: the case.
        rate: operations a second, the median of the rounds.
        ratio: to the reference.
        p50: median over the rounds of their median latency in seconds; None if not measured.
        p99: the same of the latency that 99 of 100 operations did not exceed.
        costs: the median of the rounds; None if not measured.
        missed: of all rounds together; None if not counted.
    """

    name: str
    rate: float
    ratio: Ratio
    p50: float | None
    p99: float | None
    costs: Costs | None = None
    missed: int | None = None


@dataclass(frozen=True, slots=True)
class Verdict:
    """A target beside what was measured.

    Attributes:
        target: the target.
        ratio: what was measured; of an absolute target, the share of it that was reached.
        is_met: whether the median reaches it.
    """

    target: Target
    ratio: Ratio
    is_met: bool


def figures(comparison: Comparison, samples: Samples) -> list[Figure]:
    """Return a row for each case."""
    return [
        Figure(
            case.name,
            median(sample.rate for sample in samples[case.name]),
            ratio(samples, case.name, comparison.reference),
            _latency(samples, case.name, 0.5),
            _latency(samples, case.name, 0.99),
            _costs(samples, case.name),
            _missed(samples, case.name),
        )
        for case in comparison.cases
    ]


def verdicts(comparison: Comparison, samples: Samples) -> list[Verdict]:
    """Return each target beside its measured ratio."""
    found: list[Verdict] = []
    for target in comparison.targets:
        if target.peer:
            measured = ratio(samples, target.ours, target.peer, target.share)
        else:
            measured = _summed([sample.speed(target.share) / target.least for sample in samples[target.ours]])
        found.append(Verdict(target, measured, measured.median >= (target.least if target.peer else 1)))
    return found


def ratio(samples: Samples, ours: str, peer: str, share: float | None = None) -> Ratio:
    """Compare two cases round by round: values above 1 say that ``ours`` was faster."""
    return _summed([a.speed(share) / b.speed(share) for a, b in zip(samples[ours], samples[peer], strict=True)])


def _summed(ratios: list[float]) -> Ratio:
    return Ratio(median(ratios), min(ratios), max(ratios))


def _latency(samples: Samples, name: str, share: float) -> float | None:
    found = [latency for sample in samples[name] if (latency := sample.latency(share)) is not None]
    return median(found) if found else None


def _costs(samples: Samples, name: str) -> Costs | None:
    found = [sample.costs for sample in samples[name] if sample.costs is not None]
    if not found:
        return None
    return Costs(
        median(one.client for one in found), median(one.server for one in found), median(one.fsyncs for one in found)
    )


def _missed(samples: Samples, name: str) -> int | None:
    found = [sample.missed for sample in samples[name] if sample.missed is not None]
    return sum(found) if found else None
