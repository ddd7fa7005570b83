"""Figures as Markdown."""

from collections.abc import Iterable, Sequence

from benchmarks.harness.case import Comparison
from benchmarks.harness.figures import Figure, Ratio, Verdict


def render(comparison: Comparison, rows: Sequence[Figure], verdicts: Sequence[Verdict]) -> str:
    """Return the tables of one comparison: its figures, and its targets where it has some."""
    with_latency = any(row.p50 is not None for row in rows)
    with_costs = any(row.costs is not None for row in rows)
    with_missed = any(row.missed is not None for row in rows)
    speed = f"time of one {comparison.unit}" if comparison.per_operation else f"{comparison.unit}s a second"
    head = ["case", speed, f"against {comparison.reference}", "min to max"]
    head += ["p50", "p99"] if with_latency else []
    head += ["CPU of the client", "CPU of the server", "fsyncs"] if with_costs else []
    head += ["missed"] if with_missed else []
    lines = _table(
        head,
        (
            _row(comparison, row)
            + (_latencies(row) if with_latency else [])
            + (_costs(row) if with_costs else [])
            + ([] if not with_missed else ["" if row.missed is None else f"{row.missed:,}"])
            for row in rows
        ),
    )
    if verdicts:
        lines += ["", *_table(["target", "measured", "min to max", "met"], (_verdict(one) for one in verdicts))]
    return "\n".join(lines)


def duration(seconds: float) -> str:
    """Write a time with the unit that suits it."""
    for unit, size in (("s", 1.0), ("ms", 1e-3), ("µs", 1e-6)):
        if seconds >= size:
            return f"{_short(seconds / size)} {unit}"
    return f"{_short(seconds / 1e-9)} ns"


def _row(comparison: Comparison, row: Figure) -> list[str]:
    speed = duration(1 / row.rate) if comparison.per_operation else f"{row.rate:,.0f}"
    is_reference = row.name == comparison.reference
    return [
        row.name,
        speed,
        "1" if is_reference else _times(row.ratio.median),
        "" if is_reference else _span(row.ratio),
    ]


def _latencies(row: Figure) -> list[str]:
    return ["" if value is None else duration(value) for value in (row.p50, row.p99)]


def _costs(row: Figure) -> list[str]:
    if row.costs is None:
        return ["", "", ""]
    return [duration(row.costs.client), duration(row.costs.server), _short(row.costs.fsyncs)]


def _verdict(verdict: Verdict) -> list[str]:
    met = "yes" if verdict.is_met else "**no**"
    return [verdict.target.text, _times(verdict.ratio.median), _span(verdict.ratio), met]


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    rule = ["---"] + ["---:"] * (len(head) - 1)
    return [f"| {' | '.join(cells)} |" for cells in (head, rule, *rows)]


def _times(value: float) -> str:
    return f"{_short(value)}x"


def _span(ratio: Ratio) -> str:
    return f"{_short(ratio.least)} to {_short(ratio.most)}"


def _short(value: float) -> str:
    if value >= 100:  # noqa: PLR2004 - three digits say all that is known
        return f"{value:,.0f}"
    return f"{value:.1f}" if value >= 10 else f"{value:.2f}"  # noqa: PLR2004 - as above
