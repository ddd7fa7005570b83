"""Links between the pages lead somewhere, and every page can be reached."""

import re
from pathlib import Path
from typing import Final

import pytest

from tests.docs.pages import ROOT, pages

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
