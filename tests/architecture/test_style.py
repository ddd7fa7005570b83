import pytest

from tests.architecture.checker import check

pytestmark = pytest.mark.xdist_group("architecture")


def test_no_ruff_rule_is_broken() -> None:
    check("-m", "ruff", "check", ".")


def test_every_file_is_formatted() -> None:
    check("-m", "ruff", "format", "--check", ".")
