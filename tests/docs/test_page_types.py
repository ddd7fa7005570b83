"""What the pages show passes the type checker in its strict mode, as a reader's own code would have to."""

from pathlib import Path

import pytest

from tests.architecture.checker import check
from tests.docs.pages import blocks, pages

pytestmark = [pytest.mark.xdist_group("architecture"), pytest.mark.timeout(300)]


def test_the_python_blocks_of_all_pages_have_fitting_types(tmp_path: Path) -> None:
    """One file a page, with the page's line numbers; a page's second file imports its first and is left out."""
    for page in pages():
        shown = [block for block in blocks(page) if block.language == "python"]
        titles = [block.title for block in shown if block.title]
        lines: list[str] = []
        for block in shown:
            if block.title in ("", *titles[:1]):
                lines += [""] * (block.line - 1 - len(lines))
                lines += block.code.splitlines()
        if lines:
            file = tmp_path / f"{page.removesuffix('.md').replace('/', '_').replace('-', '_')}.py"
            file.write_text("\n".join(lines) + "\n", encoding="utf-8")
    check("-m", "mypy", "--strict", *map(str, sorted(tmp_path.iterdir())))
