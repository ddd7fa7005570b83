import json
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from duolog.cli.project_template import package_name
from duolog.errors import ConfigurationError
from tests.unit.cli.conftest import Duolog

_SOURCES = Path(__file__).parents[3] / "src"


def run(directory: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": str(_SOURCES), "DUOLOG_SECRET": "a secret for tests only, 32 bytes"}
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=directory,
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.fixture
def project(duolog: Duolog, tmp_path: Path) -> Path:
    directory = tmp_path / "My-Tasks"
    assert duolog("new", "My-Tasks", "--directory", str(directory)).code == 0
    return directory


def test_a_new_projects_tests_pass(project: Path) -> None:
    tested = run(project, "-m", "pytest", "-q", "-p", "no:cacheprovider")
    assert tested.returncode == 0, tested.stdout + tested.stderr
    assert "8 passed" in tested.stdout


def test_a_new_project_keeps_the_rules_of_the_house(project: Path) -> None:
    checked = run(project, "-m", "duolog", "check", "my_tasks.presentation.api:api")
    assert checked.returncode == 0, checked.stdout + checked.stderr
    locked = run(project, "-m", "duolog", "schema", "lock", "my_tasks.presentation.api:api")
    assert locked.returncode == 0, locked.stderr


def test_nothing_of_the_template_is_left_in_it(project: Path) -> None:
    files = [file for file in project.rglob("*") if file.is_file()]
    assert not [file for file in files if file.suffix == ".tmpl" or "__package__" in str(file)]
    assert not [file for file in files if "$package" in file.read_text() or "$name" in file.read_text()]
    assert 'name = "My-Tasks"' in (project / "pyproject.toml").read_text()


def test_the_first_command_of_the_readme_asks_nothing_new_of_pip(project: Path) -> None:
    """Groups of dependencies are known to pip 25.1 and later only; Python 3.11 brings an earlier one."""
    declared = tomllib.loads((project / "pyproject.toml").read_text())
    assert {"pytest", "httpx"} <= {
        re.split(r"\W", each)[0] for each in declared["project"]["optional-dependencies"]["dev"]
    }
    first = next(line for line in (project / "README.md").read_text().splitlines() if line.startswith("$ "))
    assert first.endswith("pip install -e '.[dev]'")


def test_json_lists_the_files(duolog: Duolog, tmp_path: Path) -> None:
    made = json.loads(duolog("new", "shop", "--directory", str(tmp_path / "shop"), "--json").stdout)
    assert made["package"] == "shop"
    assert "shop/domain/task.py" in made["files"]


def test_a_directory_with_something_in_it_is_refused(duolog: Duolog, tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("mine")
    ended = duolog("new", "shop", "--directory", str(tmp_path))
    assert ended.code == 2
    assert "nothing is overwritten" in ended.stderr
    assert [each.name for each in tmp_path.iterdir()] == ["mine.txt"]


@pytest.mark.parametrize(
    "name", ["", "1st", "a b", "../a", "a/b", "class", "json", "duolog", "tests", "a-", "a.b", "a--b"]
)
def test_a_name_that_cannot_be_a_package_is_refused(name: str) -> None:
    with pytest.raises(ConfigurationError):
        package_name(name)
