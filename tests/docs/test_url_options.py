import re
from collections.abc import Callable

import pytest

from duolog.adapters.postgres.location import parse_location as parse_postgres
from duolog.adapters.sqlite.location import parse_location as parse_sqlite
from duolog.errors import ConfigurationError
from tests.docs.pages import ROOT

PAGE = (ROOT / "docs/reference/configuration.md").read_text()


@pytest.mark.parametrize(
    ("kind", "url", "parse"),
    [("SQLite", "sqlite:///shop.db", parse_sqlite), ("PostgreSQL", "postgresql://db/shop", parse_postgres)],
)
def test_the_page_has_every_option_of_a_url_and_no_other(kind: str, url: str, parse: Callable[[str], object]) -> None:
    """The options that a URL may have are those that an unknown one is refused with."""
    with pytest.raises(ConfigurationError) as refused:
        parse(f"{url}?nonsense=1")
    allowed = refused.value.hint.removeprefix("Allowed, once each: ").removesuffix(".").split(", ")
    table = re.search(rf"^Options of a {kind} URL.*?\n\n(.*?)\n\n", PAGE, re.DOTALL | re.MULTILINE)
    assert table is not None
    first_cells = [row.split("|")[1] for row in table[1].splitlines()[2:]]
    assert sorted(re.findall(r"`(\w+)`", " ".join(first_cells))) == sorted(allowed)
