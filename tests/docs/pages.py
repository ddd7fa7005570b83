"""The documentation's pages, and the blocks of code on them."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[2]

_FENCE: Final = re.compile(r'```(?P<language>\w*)(?: title="(?P<title>[^"]+)")?')
_NOT_RUN: Final = re.compile(r"<!-- not run: (?P<reason>\S.*\S) -->")


@dataclass(frozen=True, slots=True)
class Block:
    """A fenced block.

    Attributes:
        page: path of its page from the repository's root.
        line: line of its first line of code, from 1.
        language: what it is written in; empty if the page does not say.
        title: the file that a reader appends it to; empty for none.
        code: its lines.
        reason: why it cannot be run; empty if it can.
    """

    page: str
    line: int
    language: str
    title: str
    code: str
    reason: str


def pages() -> list[str]:
    """Return all pages, by path from the repository's root."""
    found = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]
    return [path.relative_to(ROOT).as_posix() for path in found]


def blocks(page: str) -> list[Block]:
    """Return a page's blocks, in order.

    Raises:
        ValueError: a fence is not closed, or says more than a language and a title.
    """
    return list(_blocks(page, (ROOT / page).read_text(encoding="utf-8").splitlines()))


def _blocks(page: str, lines: list[str]) -> Iterator[Block]:
    reason, number = "", 0
    while number < len(lines):
        line = lines[number]
        number += 1
        if line.strip().startswith("```"):
            fence = _FENCE.fullmatch(line)
            if fence is None:
                message = f"{page}:{number}: {line!r} is not a fence of ours"
                raise ValueError(message)
            end = lines.index("```", number)
            code = "\n".join(lines[number:end]) + "\n"
            yield Block(page, number + 1, fence["language"], fence["title"] or "", code, reason)
            reason, number = "", end + 1
        elif line.strip():
            comment = _NOT_RUN.fullmatch(line.strip())
            reason = comment["reason"] if comment else ""
