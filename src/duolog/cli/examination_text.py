"""A finding of the doctor as text."""

from typing import Final

from duolog.cli.terminal import printable
from duolog.database.examination import Examination

_INDENT: Final = " " * 9


def examination_text(each: Examination) -> str:
    """Show a finding to people, without its level: what was found, which may be several lines, and what to do."""
    found = [printable(line) for line in each.found.splitlines()]
    hint = [f"hint: {printable(each.advice)}"] if each.advice else []
    return f"\n{_INDENT}".join([f"{printable(each.subject)}: {''.join(found[:1])}", *found[1:], *hint])
