"""Runs the tests that pin a promise against copies of the sources, with and without the promise's mutant."""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from tests.mutants.mutant import ROOT, Mutant

_SECONDS = 600
_COPIED = ("src", "examples")
_PYTEST_PASSED, _PYTEST_FAILED = 0, 1


class Verdict(Enum):
    """What became of a mutant."""

    KILLED = "killed"
    SURVIVED = "SURVIVED"
    BROKEN = "BROKEN"


@dataclass(frozen=True, slots=True)
class Outcome:
    """A mutant's verdict.

    Attributes:
        mutant: the mutant.
        verdict: whether a test noticed it; broken if the tests could not be run at all.
        output: what pytest said.
    """

    mutant: Mutant
    verdict: Verdict
    output: str


def run_clean(mutants: Iterable[Mutant]) -> str:
    """Run all tests of all mutants on an unchanged copy.

    Returns:
        Pytest's output if they do not pass, which makes every verdict worthless; empty if they do.
    """
    tests = sorted({test for mutant in mutants for test in mutant.tests})
    with _copied_sources() as sources:
        code, output = _pytest(sources, tests, stop_early=False)
    return "" if code == _PYTEST_PASSED else output


def run_mutants(mutants: Sequence[Mutant]) -> Iterator[Outcome]:
    """Run each mutant's tests on a copy that has the mutant, as many at once as there are processors."""
    with ThreadPoolExecutor(max_workers=os.cpu_count() or 1) as pool:
        yield from pool.map(_run, mutants)


def _run(mutant: Mutant) -> Outcome:
    with _copied_sources() as sources:
        try:
            mutant.apply(sources)
        except ValueError as error:
            return Outcome(mutant, Verdict.BROKEN, str(error))
        code, output = _pytest(sources, mutant.tests, stop_early=True)
    verdicts = {_PYTEST_PASSED: Verdict.SURVIVED, _PYTEST_FAILED: Verdict.KILLED}
    return Outcome(mutant, verdicts.get(code, Verdict.BROKEN), output)


@contextmanager
def _copied_sources() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="duolog-mutant-") as folder:
        copy = Path(folder)
        for part in _COPIED:
            shutil.copytree(ROOT / part, copy / part, ignore=shutil.ignore_patterns("__pycache__"))
        yield copy


def _pytest(root: Path, tests: Sequence[str], *, stop_early: bool) -> tuple[int, str]:
    command = [sys.executable, "-m", "pytest", "-q", "--no-header", "-p", "no:cacheprovider", "--timeout=60", *tests]
    if stop_early:
        command.append("--exitfirst")
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join(str(root / part) for part in _COPIED),
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    ended = subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False, timeout=_SECONDS
    )
    return ended.returncode, ended.stdout + ended.stderr
