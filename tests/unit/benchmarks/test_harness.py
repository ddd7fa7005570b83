import time
from collections.abc import AsyncGenerator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path

import pytest

from benchmarks.harness.case import Case, Comparison, Costs, Round, Sample, Target
from benchmarks.harness.figures import figures, ratio, verdicts
from benchmarks.harness.page import MissingMarkersError, replace_section
from benchmarks.harness.rounds import run
from benchmarks.harness.sizes import QUICK
from benchmarks.harness.stopwatch import time_at_rate, time_loop, time_tasks, time_threads
from benchmarks.harness.table import duration, render
from tests.architecture.checker import ROOT


def scripted(name: str, seconds: list[float], journal: list[str]) -> Case:
    """A case whose rounds take the given times, without taking any."""
    left = iter(seconds)

    @asynccontextmanager
    async def opened(folder: Path) -> AsyncGenerator[Round]:
        (folder / "own").touch(exist_ok=False)
        journal.append(f"open {name}")

        async def measure() -> Sample:
            journal.append(name)
            return Sample(100, next(left))

        yield measure
        journal.append(f"close {name}")

    def opening(folder: Path) -> AbstractAsyncContextManager[Round]:
        return opened(folder)

    return Case(name, opening)


def comparison(journal: list[str], *targets: Target) -> Comparison:
    ours = scripted("ours", [9.0, 1.0, 2.0, 1.0], journal)
    peer = scripted("peer", [1.0, 10.0, 10.0, 30.0], journal)
    return Comparison("row", "A row", "append", (ours, peer), reference="peer", targets=targets)


async def test_cases_are_interleaved_after_a_round_that_does_not_count(tmp_path: Path) -> None:
    journal: list[str] = []
    samples = await run(comparison(journal), tmp_path, rounds=3)
    assert journal == ["open ours", "open peer", *["ours", "peer"] * 4, "close peer", "close ours"]
    assert [sample.seconds for sample in samples["ours"]] == [1.0, 2.0, 1.0]
    assert [sample.seconds for sample in samples["peer"]] == [10.0, 10.0, 30.0]


async def test_ratios_are_of_the_same_round(tmp_path: Path) -> None:
    samples = await run(comparison([]), tmp_path, rounds=3)
    found = ratio(samples, "ours", "peer")
    assert (found.median, found.least, found.most) == pytest.approx((10.0, 5.0, 30.0))


async def test_a_target_is_met_by_the_median(tmp_path: Path) -> None:
    targets = (
        Target("ours", "peer", 10.0, "≥ 10x"),
        Target("ours", "peer", 10.1, "≥ 10.1x"),
        Target("ours", "", 100.0, "≥ 100/s"),
        Target("ours", "", 101.0, "≥ 101/s"),
    )
    row = comparison([], *targets)
    found = verdicts(row, await run(row, tmp_path, rounds=3))
    assert [verdict.is_met for verdict in found] == [True, False, True, False]


async def test_a_table_shows_rates_ratios_and_targets(tmp_path: Path) -> None:
    row = comparison([], Target("ours", "peer", 11.0, "≥ 11x the peer"))
    samples = await run(row, tmp_path, rounds=3)
    assert render(row, figures(row, samples), verdicts(row, samples)).splitlines() == [
        "| case | appends a second | against peer | min to max |",
        "| --- | ---: | ---: | ---: |",
        "| ours | 100 | 10.0x | 5.00 to 30.0 |",
        "| peer | 10 | 1 |  |",
        "",
        "| target | measured | min to max | met |",
        "| --- | ---: | ---: | ---: |",
        "| ≥ 11x the peer | 10.0x | 5.00 to 30.0 | **no** |",
    ]


@pytest.mark.parametrize(
    ("seconds", "text"), [(2.5, "2.50 s"), (0.0123, "12.3 ms"), (4.56e-6, "4.56 µs"), (1.5e-7, "150 ns")]
)
def test_a_time_has_the_unit_that_suits_it(seconds: float, text: str) -> None:
    assert duration(seconds) == text


def test_the_latency_of_a_share_is_one_that_so_many_did_not_exceed() -> None:
    sample = Sample(100, 1.0, [number / 100 for number in range(100, 0, -1)])
    assert sample.latency(0.5) == pytest.approx(0.51)
    assert sample.latency(0.99) == pytest.approx(1.0)
    assert Sample(1, 1.0).latency(0.5) is None


async def test_every_operation_is_done_once_whoever_does_it() -> None:
    done: list[int] = []

    async def work() -> None:
        done.append(1)

    looped = await time_loop(work, 5)
    tasks = await time_tasks(work, 10, in_flight=3)
    threads = time_threads(lambda: done.append(1), 10, in_flight=3)
    assert len(done) == 25
    assert (looped.operations, tasks.operations, threads.operations) == (5, 10, 10)
    assert (len(tasks.latencies), len(threads.latencies)) == (10, 10)


async def test_a_stall_shows_in_the_latencies_of_all_that_were_due_meanwhile() -> None:
    """As clients see it that come at fixed times, whatever became of those before."""
    calls = iter(range(5))

    async def work() -> None:
        if next(calls) == 0:
            time.sleep(0.1)  # noqa: ASYNC251 - the stall

    sample = await time_at_rate(work, 5, per_second=100)
    assert sample.operations == len(sample.latencies) == 5
    assert sum(latency > 0.05 for latency in sample.latencies) >= 4


def test_an_error_on_a_thread_is_not_lost() -> None:
    def fail() -> None:
        message = "the peer failed"
        raise ValueError(message)

    with pytest.raises(ValueError, match="the peer failed"):
        time_threads(fail, 2, in_flight=2)


def test_a_table_is_put_between_its_markers_and_nowhere_else() -> None:
    page = "# Page\n\n<!-- measured: a -->\n\nold\n\n<!-- end: a -->\n\n<!-- measured: b -->\n<!-- end: b -->\nend\n"
    changed = replace_section(page, "a", "new \\1")
    assert changed == page.replace("old", "new \\1")
    assert replace_section(changed, "b", "x").endswith("<!-- measured: b -->\n\nx\n\n<!-- end: b -->\nend\n")


def test_a_page_without_the_place_is_an_error() -> None:
    with pytest.raises(MissingMarkersError, match="measured: c"):
        replace_section("# Page\n", "c", "text")


def test_the_page_has_a_place_for_every_row() -> None:
    """The rows' modules need the peers, so their names stand here; ``make bench`` fails where one has no place."""
    page = (ROOT / "docs" / "explanation" / "performance.md").read_text(encoding="utf-8")
    rows = ["machine", "dispatch", "coding", "log", "rebuild", "lag", "lag-load"]
    rows += ["postgres-rebuild", "postgres-lag", "postgres-lag-load"]
    rows += [f"postgres-workers-{view}" for view in ("plain", "sets")]
    rows += [f"growth-{what}" for what in ("sizes", "stream", "log", "append", "view")]
    rows += [f"appending-{in_flight}" for in_flight in QUICK.appends]
    rows += [f"{what}-{length}" for what in ("stream", "cached") for length in (100, 1000)]
    rows += [f"page-{kind}" for kind in ("first", "deep-offset", "deep-keyset")]
    for row in rows:
        page = replace_section(page, row, "measured")


async def test_a_target_may_be_about_a_latency() -> None:
    samples = {
        "ours": [Sample(2, 1.0, (0.010, 0.010)), Sample(2, 1.0, (0.030, 0.030))],
        "peer": [Sample(2, 9.0, (0.020, 0.020)), Sample(2, 9.0, (0.020, 0.020))],
    }
    assert ratio(samples, "ours", "peer", 0.5).least == pytest.approx(2 / 3)
    assert ratio(samples, "ours", "peer", 0.5).most == pytest.approx(2.0)
    absolute = comparison([], Target("ours", "", 100, "p99 <= 10 ms", 0.99))
    assert not verdicts(absolute, samples)[0].is_met


async def test_costs_and_what_was_missed_have_columns_of_their_own() -> None:
    ours = [Sample(10, 1.0, costs=Costs(0.001, 0.002, 0.5), missed=missed) for missed in (2, 3)]
    samples = {"ours": ours, "peer": [Sample(10, 1.0), Sample(10, 1.0)]}
    lines = render(comparison([]), figures(comparison([]), samples), []).splitlines()
    assert lines[0].endswith("| CPU of the client | CPU of the server | fsyncs | missed |")
    assert lines[2].endswith("| 1.00 ms | 2.00 ms | 0.50 | 5 |")
    assert lines[3].endswith("|  |  |  |  |")
