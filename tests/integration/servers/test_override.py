"""DUOLOG_TEST_POSTGRES names a server to test on."""

import pytest

from duolog.errors import ConfigurationError
from duolog.testing.servers import PostgresBinaries, PostgresDatabases, PostgresServer, postgres_for_test_run


@pytest.mark.parametrize("scheme", ["postgresql", "postgres"])
def test_databases_are_made_on_the_server_that_the_variable_names(
    server: PostgresServer, monkeypatch: pytest.MonkeyPatch, scheme: str
) -> None:
    server.databases.run_sql("DROP ROLE IF EXISTS \"o'neil\"; CREATE ROLE \"o'neil\" LOGIN CREATEDB PASSWORD 'a:b/c@d'")
    host = f"127.0.0.1:{server.databases.port}"
    monkeypatch.setenv("DUOLOG_TEST_POSTGRES", f"{scheme}://o%27neil:a%3Ab%2Fc%40d@{host}/postgres?sslmode=disable")
    with postgres_for_test_run() as databases, databases.new_database() as url:
        assert url.startswith(f"postgresql://o%27neil:a%3Ab%2Fc%40d@{host}/test_")
        assert url.endswith("?sslmode=disable")
        assert server.databases.run_sql("SELECT count(*) FROM pg_database WHERE datname LIKE 'test_%'") == "1"
        assert "a:b/c@d" not in repr(databases)
    assert server.databases.run_sql("SELECT count(*) FROM pg_database WHERE datname LIKE 'test_%'") == "0"


@pytest.mark.parametrize("url", ["sqlite:///a.db", "postgresql:///name", "postgresql://host/name", "shop.db"])
def test_another_url_is_refused_without_being_shown(url: str) -> None:
    with pytest.raises(ConfigurationError, match="postgresql://user:password@host:port/database") as caught:
        PostgresDatabases.of(url, PostgresBinaries.embedded())
    assert url not in str(caught.value)
