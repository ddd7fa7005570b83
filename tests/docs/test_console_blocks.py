"""Every command of the documentation is tried, or is one that the Makefile or the command line really has."""

import re
import shlex
from importlib.util import find_spec
from pathlib import Path
from typing import Final

import pytest
from typer.testing import CliRunner

from duolog.cli.command_line import command_line
from tests.docs.pages import ROOT, Block, blocks, pages
from tests.docs.terminals import Command, Terminals, commands

pytestmark = pytest.mark.timeout(300)  # a page's commands start up to twenty processes, one after another

# The commands of these pages are typed in, one after another, in a directory with the page's files.
TRIED: Final = [
    "docs/tutorial/first-application.md",
    "docs/how-to/back-up-and-load.md",
    "docs/how-to/import-data.md",
    "docs/how-to/parked-events.md",
    "docs/how-to/run-and-deploy.md",
]
_GROUPS: Final = ("parked", "projections", "schema", "streams")
CHECKED: Final = [page for page in pages() if page not in TRIED]


def _console_blocks(page: str) -> list[Block]:
    return [block for block in blocks(page) if block.language == "console" and not block.reason]


@pytest.mark.parametrize("page", TRIED)
def test_the_commands_of_a_page_answer_what_the_page_shows(page: str, tmp_path: Path) -> None:
    """A reader who types them in sees the same, but for ids, times and what the page leaves out as `…`."""
    for block in blocks(page):
        if block.title and not block.reason:
            with (tmp_path / block.title).open("a", encoding="utf-8") as file:
                file.write(block.code)
    with Terminals(tmp_path) as terminals:
        for block in _console_blocks(page):
            for command in commands(block):
                terminals.run(command)


@pytest.mark.parametrize("page", [page for page in CHECKED if _console_blocks(page)])
def test_the_commands_of_a_page_exist(page: str) -> None:
    """Each is a target of the Makefile, a command of `duolog` with the options that it has, or a module."""
    for block in _console_blocks(page):
        for command in commands(block):
            _check(command)


def _check(command: Command) -> None:
    words = shlex.split(command.text, comments=True)
    while words and re.fullmatch(r"[A-Z_]+=\S*", words[0]):
        words.pop(0)
    match words:
        case ["make", *targets]:
            known = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
            assert {target for target in targets if "=" not in target} <= known, command
        case ["duolog", *arguments]:
            _check_arguments(arguments, command)
        case ["python", "-m", module, *_]:
            assert find_spec(module) is not None, command
        case _:
            pytest.fail(f"{command} is neither tried nor checked")


def _check_arguments(arguments: list[str], command: Command) -> None:
    path = arguments[: 2 if arguments[0] in _GROUPS else 1]
    shown = CliRunner().invoke(command_line, [*path, "--help"], env={"COLUMNS": "200", "NO_COLOR": "1", "TERM": "dumb"})
    assert shown.exit_code == 0, command
    options = {word.partition("=")[0] for word in arguments if word.startswith("-")}
    assert options <= set(re.findall(r"(?<![\w-])--?[a-z][a-z-]*", shown.output)), command
