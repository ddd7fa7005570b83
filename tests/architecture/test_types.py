import sys

import pytest

from tests.architecture.checker import ROOT, check

pytestmark = [pytest.mark.xdist_group("architecture"), pytest.mark.timeout(300)]


def test_mypy_is_clean() -> None:
    check("-m", "mypy", *(folder for folder in ("src", "examples", "tests") if (ROOT / folder).is_dir()))


def test_pyright_is_clean() -> None:
    check("-m", "pyright", "--pythonpath", sys.executable)
