"""What a URL of a PostgreSQL database may say, and what of it is ever shown."""

import pytest

from duolog.adapters.postgres.location import parse_location
from duolog.errors import ConfigurationError

SECRET = "hunter2%40x"


def test_a_url_without_options_has_defaults() -> None:
    location = parse_location("postgresql://ann@db.example:6432/shop")
    assert (location.schema, location.prepared_statements, location.pool_min) == ("duolog", True, 0)
    assert location.statement_timeout
    assert location.lock_timeout
    assert location.idle_in_transaction_timeout


def test_options_are_taken_from_the_url() -> None:
    location = parse_location(
        "postgres://ann@db/shop?schema=log_2&pool_min=1&pool_max=5&prepared_statements=off&connect_timeout=1000"
        "&statement_timeout=2000&lock_timeout=0&idle_in_transaction_timeout=3000&application_name=shop%20web"
    )
    assert (location.schema, location.pool_min, location.pool_max) == ("log_2", 1, 5)
    assert (location.prepared_statements, location.connect_timeout) == (False, 1_000)
    assert (location.statement_timeout, location.lock_timeout) == (2_000, 0)
    assert (location.idle_in_transaction_timeout, location.application_name) == (3_000, "shop web")


def test_the_driver_gets_its_own_options_only() -> None:
    location = parse_location(f"postgres://ann:{SECRET}@a:1,b:2/shop?schema=x&sslmode=require&target_session_attrs=any")
    assert location.dsn == f"postgresql://ann:{SECRET}@a:1,b:2/shop?sslmode=require&target_session_attrs=any"


def test_no_password_is_shown() -> None:
    location = parse_location(f"postgresql://ann:{SECRET}@db/shop?sslpassword={SECRET}&schema=x")
    assert location.url == "postgresql://ann@db/shop?schema=x"
    assert "hunter2" not in repr(location) + str(location)


@pytest.mark.parametrize(
    "rest",
    [
        "db/shop#x", "db:99999/shop", "db:port/shop", "db/shop/more", "[::1/shop", "db/shop?schema", "db/shop?shema=x",
        "db/shop?schema=a&schema=b", "db/shop?schema=public", "db/shop?schema=Log", "db/shop?schema=pg_x",
        "db/shop?schema=" + "x" * 64, 'db/shop?schema=a"b', "db/shop?pool_max=1", "db/shop?pool_max=-5",
        "db/shop?pool_min=9&pool_max=8", "db/shop?statement_timeout=1s", "db/shop?lock_timeout=99999999999",
        "db/shop?prepared_statements=no", "db/shop?password=hunter2", "db/shop%00x",
        "db/shop?options=-c%20fsync%3Doff",
    ],
)  # fmt: skip
def test_what_is_wrong_is_refused_and_nothing_secret_is_shown(rest: str) -> None:
    with pytest.raises(ConfigurationError) as refused:
        parse_location(f"postgresql://ann:{SECRET}@{rest}")
    assert "hunter2" not in str(refused.value)
    assert refused.value.hint


def test_a_password_that_breaks_the_url_is_not_shown() -> None:
    for password in ("hunter2#x", "hunter2/x", "hunter2?x", "hunter2[x"):
        with pytest.raises(ConfigurationError) as refused:
            parse_location(f"postgresql://ann:{password}@db/shop")
        assert "hunter2" not in str(refused.value)
