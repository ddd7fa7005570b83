"""The page of stored formats tells of every table that duolog makes."""

import re

import pytest

from tests.docs.pages import ROOT

PAGE = (ROOT / "docs" / "reference" / "stored-formats.md").read_text(encoding="utf-8")
TABLE = re.compile(r"CREATE TABLE (?:IF NOT EXISTS )?(?:\{schema\}\.)?(\w+)")


@pytest.mark.parametrize(("adapter", "title"), [("sqlite", "Tables on SQLite"), ("postgres", "Tables on PostgreSQL")])
def test_every_table_is_on_the_page(adapter: str, title: str) -> None:
    [section] = re.findall(rf"^## {title}$(.*?)^## ", PAGE, re.MULTILINE | re.DOTALL)
    files = (ROOT / "src" / "duolog" / "adapters" / adapter).rglob("*.sql")
    tables = {name for file in files for name in TABLE.findall(file.read_text(encoding="utf-8"))}
    assert len(tables) > 8
    assert [name for name in sorted(tables) if f"`{name}`" not in section] == []
