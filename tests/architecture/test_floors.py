import pytest

from tests.architecture.checker import check

pytestmark = pytest.mark.xdist_group("architecture")


def test_an_upper_floor_imports_lower_floors_only() -> None:
    check("-c", "from importlinter.cli import lint_imports_command; lint_imports_command()", "--no-cache")
