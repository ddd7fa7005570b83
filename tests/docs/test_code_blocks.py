"""Every Python block of the documentation runs, and every other block is of a kind that is checked elsewhere."""

import sys
from collections import Counter
from pathlib import Path
from types import ModuleType
from typing import Final

import pytest

from duolog import Application, Command, Query, StreamQuery
from duolog.admin.checks.all_rules import check_application
from duolog.admin.checks.naming import is_verb_and_noun
from duolog.application.structure import structure_of
from tests.docs.pages import ROOT, blocks, pages

# Nothing in blocks of these is run: they show data, statements or a picture.
SHOWN_ONLY: Final = {"json", "http", "mermaid", "sql", "text", "toml"}
# Tried or checked by test_console_blocks.py.
COMMANDS: Final = {"console"}

# How many blocks of each page carry a reason why they are not run. Raise a number only with a reviewer's consent.
NOT_RUN: Final = {"docs/tutorial/first-application.md": 1}

PYTHON_PAGES: Final = [page for page in pages() if any(block.language == "python" for block in blocks(page))]


@pytest.mark.parametrize("page", PYTHON_PAGES)
def test_the_python_blocks_of_a_page_run_one_after_another(
    page: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a reader pastes, block by block, works, and keeps the rules of `duolog check`."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setenv("DUOLOG_SECRET", "a secret for the documentation's tests")
    imported = set(sys.modules)
    script = ModuleType("__main__")
    monkeypatch.setitem(sys.modules, "__main__", script)  # annotations are resolved in a class's module
    for block in blocks(page):
        if block.language == "python" and not block.reason:
            if block.title:
                with Path(block.title).open("a", encoding="utf-8") as file:
                    file.write(block.code)
            # The empty lines make a traceback name the page's own line.
            source = "\n" * (block.line - 1) + block.code
            exec(compile(source, str(ROOT / page), "exec"), script.__dict__)  # noqa: S102 - our own pages
    files = {str(path) for path in tmp_path.glob("*.py")}
    _check([script, *(each for each in list(sys.modules.values()) if getattr(each, "__file__", None) in files)])
    for name in set(sys.modules) - imported:
        if getattr(sys.modules[name], "__file__", None) == str(tmp_path / f"{name}.py"):
            del sys.modules[name]  # the next page may have a file of the same name


def _check(modules: list[ModuleType]) -> None:
    names = {module.__name__ for module in modules}
    for value in [value for module in modules for value in vars(module).values()]:
        if isinstance(value, Application):
            assert check_application(structure_of(value)) == []
        elif isinstance(value, type) and value.__module__ in names:
            # Most pages make their application in a function.
            for base, end in ((Command, "Command"), (Query, "Query"), (StreamQuery, "Query")):
                assert not issubclass(value, base) or is_verb_and_noun(value.__name__.removesuffix(end)), value


@pytest.mark.parametrize("page", pages())
def test_every_block_says_what_it_is(page: str) -> None:
    """A block without a known language would be a block that nobody checks."""
    allowed = SHOWN_ONLY | COMMANDS | {"python"}
    assert [block.line for block in blocks(page) if block.language not in allowed] == []


def test_blocks_that_are_not_run_do_not_grow_silently() -> None:
    """Each has its reason in a comment above it, and is counted here."""
    skipped = Counter(page for page in pages() for block in blocks(page) if block.reason)
    assert dict(skipped) == NOT_RUN
