import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.unit.cli.conftest import Duolog

COMMANDS = (["run"], ["demo"], ["events"], ["projections"], ["projections", "status"], ["migrate"])


@pytest.mark.parametrize("command", [[], *COMMANDS], ids=" ".join)
def test_help_ends_well_and_shows_an_example(duolog: Duolog, command: list[str]) -> None:
    for flag in ("--help", "-h"):
        ended = duolog(*command, flag)
        assert ended.code == 0
        _, _, after = ended.stdout.partition("Examples")
        assert f"$ duolog {' '.join(command)}" in after


def test_every_example_stands_on_one_line_of_a_terminal(duolog: Duolog, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    for command in COMMANDS:
        _, _, after = duolog(*command, "--help").stdout.partition("Examples")
        assert all(line.strip().startswith("$ ") for line in after.splitlines() if line.strip()), command


def test_the_version_is_shown(duolog: Duolog) -> None:
    assert duolog("--version").stdout.startswith("duolog ")


def test_an_unknown_command_is_a_usage_error(duolog: Duolog) -> None:
    assert duolog("event").code == 2


@pytest.mark.parametrize(
    ("typed", "offered"), [("duolog par", "parked"), ("duolog parked re", "retry"), ("duolog send --enc", "--encoding")]
)
def test_a_shell_completes_commands_and_options(typed: str, offered: str) -> None:
    """By the protocol of the script that `--show-completion` prints for bash."""
    asked = {"_DUOLOG_COMPLETE": "complete_bash", "COMP_WORDS": typed, "COMP_CWORD": str(typed.count(" "))}
    answered = subprocess.run(
        [sys.executable, "-m", "duolog"], env={**os.environ, **asked}, capture_output=True, text=True, check=False
    )
    assert answered.stdout.split() == [offered]


def test_the_options_of_completion_are_on_the_page_of_the_command_line() -> None:
    """Who looks for them finds how they are used."""
    page = (Path(__file__).parents[3] / "docs/reference/command-line.md").read_text(encoding="utf-8")
    assert "## Shell completion" in page
    assert "| `--install-completion` |" in page
    assert "| `--show-completion` |" in page


def test_debug_shows_the_traceback(duolog: Duolog) -> None:
    assert "Traceback" not in duolog("migrate").stderr
    ended = duolog("--debug", "migrate")
    assert ended.code == 2
    assert "Traceback" in ended.stderr


def test_a_password_in_a_url_is_not_shown(duolog: Duolog) -> None:
    for scheme in ("postgresql", "nosuch", "memory", "sqlite"):
        ended = duolog("events", f"{scheme}://ada:hunter2@db.example/shop")
        assert ended.code == 2
        assert "hunter2" not in ended.stdout + ended.stderr


@pytest.mark.parametrize(
    ("package", "extra"),
    [("typer", "cli"), ("rich", "cli"), ("uvicorn", "fastapi"), ("argon2", "examples"), ("fastapi", "examples")],
)
def test_without_an_extra_one_sentence_names_it(package: str, extra: str, tmp_path: Path) -> None:
    script = tmp_path / "without.py"
    script.write_text(f"import sys\nsys.modules[{package!r}] = None\nfrom duolog.cli import main\nmain()\n")
    command = [sys.executable, str(script), "demo", "--port", "0"]
    ended = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert ended.returncode == 2
    assert f"duolog[{extra}]" in ended.stderr
    assert "Traceback" not in ended.stderr
