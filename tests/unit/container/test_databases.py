from importlib.metadata import EntryPoint, EntryPoints

import pytest

from duolog.container import databases
from duolog.container.databases import GROUP, open_database
from duolog.errors import ConfigurationError, MissingDriverError


def test_the_scheme_finds_the_adapter() -> None:
    assert not open_database("memory://").features.durable
    assert open_database("sqlite:///shop.db").features.durable


def test_an_unknown_scheme_lists_the_installed_ones() -> None:
    with pytest.raises(MissingDriverError, match="no adapter is installed for mongodb: databases") as raised:
        open_database("mongodb://ada:hunter2@db/shop")
    assert {"memory", "sqlite"} <= set(raised.value.hint.removeprefix("Installed: ").rstrip(".").split(", "))
    assert "hunter2" not in str(raised.value)


def test_an_adapter_is_looked_for_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """A test suite opens thousands of databases, and to look is to read the files of every installed package."""
    asked: list[str] = []

    def look(name: str, **_: str) -> EntryPoints:
        asked.append(name)
        return EntryPoints([EntryPoint(name, "duolog.adapters.memory:open_database", GROUP)])

    monkeypatch.setattr(databases, "entry_points", look)
    databases.factory_of.cache_clear()
    try:
        assert [open_database("memory://").url for _ in range(3)] == ["memory://"] * 3
    finally:
        databases.factory_of.cache_clear()
    assert asked == ["memory"]


@pytest.mark.parametrize("scheme", ["postgres", "postgresql"])
def test_either_scheme_of_postgresql_names_the_same_extra(monkeypatch: pytest.MonkeyPatch, scheme: str) -> None:
    databases.factory_of.cache_clear()  # it may have found the real one already
    entry = EntryPoint(scheme, "a_driver_that_is_not_installed:open_database", GROUP)
    monkeypatch.setattr(databases, "entry_points", lambda **_: EntryPoints([entry]))
    with pytest.raises(MissingDriverError) as raised:
        open_database(f"{scheme}://ada:hunter2@db/shop")
    assert raised.value.hint == "Install it: pip install 'duolog[postgres]'."
    assert "hunter2" not in str(raised.value)


@pytest.mark.parametrize("url", ["", "shop.db", "/srv/shop.db", "://x"])
def test_a_url_without_scheme_is_refused(url: str) -> None:
    with pytest.raises(ConfigurationError, match="no scheme"):
        open_database(url)


def test_an_adapter_whose_driver_is_missing_names_it(monkeypatch: pytest.MonkeyPatch) -> None:
    entry = EntryPoint("oracle", "a_driver_that_is_not_installed:open_database", GROUP)
    monkeypatch.setattr(databases, "entry_points", lambda **_: EntryPoints([entry]))
    with pytest.raises(MissingDriverError, match="'a_driver_that_is_not_installed'") as raised:
        open_database("oracle://ada:hunter2@db/shop")
    assert "duolog[oracle]" in raised.value.hint
    assert "hunter2" not in str(raised.value)
