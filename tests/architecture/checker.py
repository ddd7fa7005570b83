"""Runs a checker the way a developer does, and shows what it said when it found something."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def check(*arguments: str) -> None:
    """Run `python <arguments>` at the root of the repository; fail with its output unless it ends with 0."""
    ended = subprocess.run([sys.executable, *arguments], cwd=ROOT, capture_output=True, text=True, check=False)
    if ended.returncode != 0:
        pytest.fail(f"{' '.join(arguments)}\n{ended.stdout}{ended.stderr}", pytrace=False)
