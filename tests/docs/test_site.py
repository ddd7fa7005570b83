"""The site is built by the command of `make docs`, which refuses whatever is wrong with a page."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def _build(root: Path, site: Path) -> subprocess.CompletedProcess[str]:
    recipe = re.search(r"^\t@.*\$\(BIN\)/mkdocs (.*)$", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
    assert recipe is not None
    return subprocess.run(
        [sys.executable, "-m", "mkdocs", *recipe[1].split(), "--site-dir", str(site)],
        cwd=root,
        env={**os.environ, "NO_MKDOCS_2_WARNING": "1"},
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_site_builds_without_a_warning(tmp_path: Path) -> None:
    """A page outside the navigation, a dead link or a dead anchor is a warning, and a warning is an error."""
    built = _build(ROOT, tmp_path)
    assert (built.returncode, "WARNING" in built.stderr) == (0, False), built.stderr
    assert (tmp_path / "index.html").is_file()


def test_dead_links_fail_the_build(tmp_path: Path) -> None:
    """And each is named: a page that is not there, a file outside of the site, a heading that is not there."""
    dead = ["no-such-page.md", "../README.md", "how-to/deciders.md#no-such-heading"]
    shutil.copy(ROOT / "mkdocs.yml", tmp_path)
    shutil.copytree(ROOT / "docs", tmp_path / "docs")
    (tmp_path / "README.md").touch()
    with (tmp_path / "docs" / "index.md").open("a", encoding="utf-8") as page:
        page.writelines(f"\n[a link]({link})\n" for link in dead)
    built = _build(tmp_path, tmp_path / "site")
    assert built.returncode != 0
    assert [link for link in dead if f"'{link}'" not in built.stderr] == []
