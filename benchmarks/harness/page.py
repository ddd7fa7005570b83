"""Puts tables into a page, between markers, and leaves everything else as it is."""

import re


class MissingMarkersError(Exception):
    """The page has no place for a table.

    Attributes:
        name: of the place.
    """

    def __init__(self, name: str) -> None:
        super().__init__(f"the page has no <!-- measured: {name} --> ... <!-- end: {name} -->")
        self.name = name


def replace_section(page: str, name: str, text: str) -> str:
    """Return ``page`` with ``text`` between the markers of a name.

    Raises:
        MissingMarkersError: the markers are not there.
    """
    begin, end = f"<!-- measured: {name} -->", f"<!-- end: {name} -->"
    pattern = re.compile(f"{re.escape(begin)}\n.*?{re.escape(end)}", re.DOTALL)
    if not pattern.search(page):
        raise MissingMarkersError(name)
    return pattern.sub(lambda _: f"{begin}\n\n{text}\n\n{end}", page)
