"""Links between the pages lead somewhere, and every page can be reached."""

import re
from pathlib import Path
from typing import Final

import pytest

from tests.docs.pages import ROOT, pages
from tests.mutants.catalogue import MUTANTS

_LINK: Final = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
_INDEX: Final = "docs/index.md"


def _links(page: str) -> list[str]:
    text = re.sub(r"```.*?```", "", (ROOT / page).read_text(encoding="utf-8"), flags=re.DOTALL)
    return [link for link in _LINK.findall(text) if "://" not in link]


def _anchors(path: Path) -> set[str]:
    headings = re.findall(r"^#+ (.*)$", path.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", pages())
def test_every_link_leads_to_a_file_and_a_heading_that_exist(page: str) -> None:
    """Also those into the code."""
    for link in _links(page):
        path, _, anchor = link.partition("#")
        target = ((ROOT / page).parent / path).resolve() if path else ROOT / page
        assert target.exists(), link
        assert not anchor or anchor in _anchors(target), link


def test_every_page_is_in_the_index() -> None:
    """A page that nobody finds helps nobody."""
    linked = {(ROOT / "docs" / link).resolve().relative_to(ROOT).as_posix() for link in _links(_INDEX)}
    assert {page for page in pages() if page.startswith("docs/")} - {_INDEX} <= linked


def test_decisions_have_numbers_without_gaps_and_say_when_they_were_taken() -> None:
    """Each has a date, a context, a decision and consequences."""
    decisions = sorted((ROOT / "docs" / "adr").glob("*.md"))
    assert [int(path.name[:4]) for path in decisions] == list(range(1, len(decisions) + 1))
    for path in decisions:
        text = path.read_text(encoding="utf-8")
        assert text.startswith(f"# {path.name[:4]} "), path.name
        assert re.search(r"^\d{4}-\d{2}-\d{2} · accepted$", text, re.MULTILINE), path.name
        assert re.findall(r"^## (.*)$", text, re.MULTILINE) == ["Context", "Decision", "Consequences"], path.name


def test_every_promise_that_is_said_to_hold_names_a_test_that_exists() -> None:
    """And one that is planned does not pretend to be tested."""
    rows = re.findall(r"^\| P(\d+) \| (.*) \| (.*) \| (.*) \|$", (ROOT / "README.md").read_text("utf-8"), re.MULTILINE)
    assert [int(number) for number, *_ in rows] == list(range(1, 16))
    for number, _, today, tests in rows:
        named = re.findall(r"\[`(test_\w+)`\]\(([^)]+)\)", tests)
        assert named or today.startswith("planned"), f"P{number}"
        for name, path in named:
            assert f"def {name}(" in (ROOT / path).read_text(encoding="utf-8"), name


def test_every_promise_on_the_page_about_reliability_names_tests_and_mutants_that_exist() -> None:
    """By file and name; each mutant is one that a named test, or its file, is there to catch."""
    text = (ROOT / "docs/explanation/reliability.md").read_text("utf-8")
    table = text.partition("## The promises on SQLite")[2].partition("\n## ")[0]
    rows = re.findall(r"^\| (.*) \| (`.*`) \| (.*) \|$", table, re.MULTILINE)
    assert len(rows) == table.count("\n|") - 2
    contracts = "".join(path.read_text("utf-8") for path in (ROOT / "src/duolog/testing/contracts").glob("*.py"))
    suites = (ROOT / "tests/contract/suites.py").read_text("utf-8")  # they are every backend's
    mutants = {mutant.name: mutant for mutant in MUTANTS}
    for promise, tests, caught in rows:
        named = re.findall(r"`(tests/[\w/]+\.py)::(?:(\w+)::)?(test_\w+)`", tests)
        assert len(named) == tests.count("`") // 2, promise
        for path, contract, name in named:
            source = (ROOT / path).read_text(encoding="utf-8")
            assert f"def {name}(" in (contracts if contract else source), name
            assert not contract or f"class {contract}(" in suites + source, contract
        for mutant in caught.split("; "):
            files = {test.partition("::")[0] for test in mutants[mutant].tests}
            assert files & {path for path, _, _ in named}, mutant
