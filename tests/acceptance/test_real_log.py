"""The real log of a municipality's permit cases, recorded by a `duolog send` that is killed again and again."""

import csv
import json
import os
import random
import secrets
import signal
import sys
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

import pytest

from duolog import Application
from duolog.admin.projection_audit import audit_projection
from tests.acceptance.permits.application import make_application
from tests.acceptance.permits.case_view import CountActivitiesQuery, SlowestCasesQuery
from tests.acceptance.permits.permit_case import ActivityRecorded
from tests.acceptance.send_process import ROOT, Ended, Kill, send

pytestmark = [pytest.mark.timeout(180), pytest.mark.xdist_group("acceptance")]

COLUMNS: Final = {
    "case_id": "case:concept:name",
    "task_id": "concept:instance",
    "activity": "concept:name",
    "at": "time:timestamp",
    "group": "org:group",
    "resource": "org:resource",
    "department": "case:department",
}
LOG: Final = Path(os.environ.get("DUOLOG_RECEIPT_LOG") or ROOT.parent / "shared" / "data" / "receipt.csv")
MISSING: Final = f"{LOG} is not there; DUOLOG_RECEIPT_LOG names another place"
_SEED: Final = os.environ.get("DUOLOG_FAULTS_SEED")
_MICROSECOND: Final = timedelta(microseconds=1)
_SAYS_ROWS_EVERY: Final = 1_000


@dataclass(frozen=True, slots=True)
class Answers:
    """What is asked of a log, whoever answers.

    Attributes:
        slowest: the ten slowest cases: id, microseconds and number of activities.
        counts: how often each activity occurs.
        tasks: by case, its tasks in their order.
    """

    slowest: list[tuple[str, int, int]]
    counts: dict[str, int]
    tasks: Mapping[str, list[str]]


def computed(log: Path) -> Answers:
    """Answer straight from the file."""
    times: dict[str, list[datetime]] = defaultdict(list)
    tasks: dict[str, list[str]] = defaultdict(list)
    counts: dict[str, int] = defaultdict(int)
    with log.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            case_id = row["case:concept:name"]
            times[case_id].append(datetime.fromisoformat(row["time:timestamp"]))
            tasks[case_id].append(row["concept:instance"])
            counts[row["concept:name"]] += 1
    cases = [(case_id, (max(at) - min(at)) // _MICROSECOND, len(at)) for case_id, at in times.items()]
    return Answers(sorted(cases, key=lambda case: (-case[1], case[0]))[:10], dict(counts), dict(tasks))


async def answered(app: Application) -> Answers:
    """Answer by the application's queries, and by the log itself."""
    slowest = await app.query(SlowestCasesQuery())
    counts = await app.query(CountActivitiesQuery())
    tasks: dict[str, list[str]] = defaultdict(list)
    after = 0
    while after < await app.database.store.head():
        page = await app.database.store.read_all(after=after)
        for recorded in page.events:
            for happened in app.codec.decode_all(recorded):
                assert isinstance(happened, ActivityRecorded)
                tasks[happened.case_id].append(happened.task_id)
                assert happened.number == recorded.version == len(tasks[happened.case_id])
        after = page.through
    return Answers(
        [(case.case_id, case.lasted, case.activities) for case in slowest],
        {count.activity: count.recorded for count in counts},
        dict(tasks),
    )


async def head(url: str) -> int:
    app = make_application(url)
    await app.start(projections=False)
    try:
        return await app.database.store.head()
    finally:
        await app.close()


def send_log(log: Path, url: str, *options: str, kill: Kill | None = None) -> Ended:
    mapping = [argument for field, column in COLUMNS.items() for argument in ("--map", f"{field}={column}")]
    order = ("--key", "case_id", "--concurrency", "16", "--projections", "--json")
    arguments = ("tests.acceptance.permits.served:app", "activity.record", str(log), *mapping, *order, *options)
    return send(arguments, {"PERMITS_DATABASE": url}, kill=kill)


def kills(count: int, rows: int) -> list[Kill]:
    """Choose moments; a later one is further on in the file."""
    seed = int(_SEED) if _SEED else secrets.randbits(32)
    sys.stdout.write(f"kills: seed {seed}\n")
    chance = random.Random(seed)  # noqa: S311 - a test must be repeatable, not unguessable
    chosen = sorted(chance.sample(range(1, (rows - 1) // _SAYS_ROWS_EVERY), count))
    return [Kill(number * _SAYS_ROWS_EVERY, chance.uniform(0, 0.2)) for number in chosen]


def say(what: str, runs: list[Ended]) -> None:
    """Print the figures of runs, the last of which came to the end."""
    rows = sum(len(tasks) for tasks in computed(LOG).tasks.values())
    seconds = sum(run.seconds for run in runs)
    each = ", ".join(f"{run.seconds:.1f}" for run in runs)
    peak = max(run.peak_mib for run in runs)
    sys.stdout.write(f"{what}: {rows} rows, {rows / seconds:.0f} rows/s, {each} s, peak memory {peak:.0f} MiB\n")


async def check(log: Path, directory: Path, *, killed: int, options: tuple[str, ...]) -> list[Ended]:
    """Send a log with kills on the way, and compare what came of it."""
    url = f"sqlite:///{directory / 'permits.db'}"
    expected = computed(log)
    rows = sum(expected.counts.values())
    runs = [send_log(log, url, *options, kill=kill) for kill in kills(killed, rows)]
    assert [run.status for run in runs] == [-signal.SIGKILL] * killed, [run.stderr for run in runs]
    before = await head(url)
    assert 0 < before < rows

    last = send_log(log, url, *options)
    assert last.status == 0, last.stderr
    done = json.loads(last.stdout)
    assert (done["sent"], done["already_sent"], done["rejected"]) == (rows - before, before, 0)

    app = make_application(url)
    await app.start(projections=False)  # `send` has left nothing to be done
    try:
        assert await app.database.store.head() == rows
        assert await answered(app) == expected
        for projection in app.projections:
            audits = await audit_projection(app.database, projection, app.codec)
            assert [each.differences for each in audits] == [[]] * projection.partitions
            assert sum(each.count for each in audits) == rows
    finally:
        await app.close()
    return [*runs, last]


async def test_the_real_log_killed_three_times_answers_as_the_file_does(tmp_path: Path) -> None:
    """None of its activities is lost or recorded twice, and those of a case keep their order."""
    if not LOG.is_file():
        pytest.skip(MISSING)
    runs = await check(LOG, tmp_path, killed=3, options=("--id", "concept:instance"))
    say("killed three times", runs)


@pytest.mark.skipif(os.environ.get("DUOLOG_FAULTS") != "long", reason="a measurement: DUOLOG_FAULTS=long takes it")
def test_the_real_log_in_one_go(tmp_path: Path) -> None:
    """Its rate and its memory, for the documentation."""
    if not LOG.is_file():
        pytest.skip(MISSING)
    run = send_log(LOG, f"sqlite:///{tmp_path / 'permits.db'}", "--id", "concept:instance")
    assert run.status == 0, run.stderr
    say("in one go", [run])


async def test_a_killed_send_is_gone_on_with(tmp_path: Path) -> None:
    """The same with a made-up log, whose rows have no ids of their own, wherever the tests run."""
    log = tmp_path / "log of cases.csv"
    chance = random.Random(1)  # noqa: S311 - a made-up log
    with log.open("w", encoding="utf-8", newline="") as file:
        rows = csv.DictWriter(file, COLUMNS.values())
        rows.writeheader()
        for number in range(2_600):
            at = datetime.fromisoformat("2011-10-11T13:45:40.276+02:00") + timedelta(hours=chance.randint(0, 9_999))
            cells = (f"case-{number % 300}", f"task-{number}", f"T{number % 7:02}", at.isoformat(" "))
            rows.writerow(dict(zip(COLUMNS.values(), (*cells, "Group 1", "Resource21", "General"), strict=True)))
    await check(log, tmp_path, killed=1, options=())
