"""Where a PostgreSQL database is, and how it is connected to: the parts of its URL."""

import re
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import SplitResult, unquote, urlencode, urlsplit

from duolog.adapters._sql.url_options import url_options
from duolog.errors import ConfigurationError

_FORM: Final = "Write postgresql://user:password@host:5432/database; write @ : / # ? % in a password as %40 %3A ..."
_SCHEMES: Final = ("postgresql", "postgres")
_SCHEMA: Final = re.compile(r"[a-z_][a-z0-9_]{0,62}")
_RESERVED: Final = re.compile(r"pg_.*|information_schema|public")
_HOST: Final = re.compile(r"(?:\[[0-9A-Fa-f:.]+\]|[^:\[\]]*)(?::(?P<port>[0-9]{1,5}))?")
_GREATEST_PORT: Final = 65_535
_LONGEST: Final = 86_400_000
DEFAULT_SCHEMA: Final = "duolog"

# What asyncpg itself takes from a URL. Whatever else it would send to the server as a setting.
_DRIVER_OPTIONS: Final = (
    "host", "port", "passfile", "service", "servicefile", "sslmode", "sslnegotiation", "sslrootcert", "sslcert",
    "sslkey", "sslpassword", "sslcrl", "ssl_min_protocol_version", "ssl_max_protocol_version", "target_session_attrs",
    "krbsrvname", "gsslib",
)  # fmt: skip
_NUMBERS: Final = {
    "pool_min": (0, 1_000),
    "pool_max": (2, 1_000),
    "connect_timeout": (1, 600_000),
    "answer_timeout": (1_000, 600_000),
    "statement_timeout": (0, _LONGEST),
    "lock_timeout": (0, _LONGEST),
    "idle_in_transaction_timeout": (0, _LONGEST),
}
_SECRET_OPTIONS: Final = frozenset({"sslpassword"})
_OPTIONS: Final = ("schema", "application_name", "prepared_statements", *_NUMBERS, *_DRIVER_OPTIONS)


@dataclass(frozen=True, slots=True)
class Location:
    """Where the database is, and the options of its connections.

    Attributes:
        url: the URL as it may be shown: without passwords.
        dsn: what the driver gets; it may hold a password, and is never shown.
        schema: the schema of duolog's own tables, a name of lower-case letters, digits and ``_``.
        application_name: what the server's activity list shows.
        prepared_statements: False behind a pooler that gives every transaction another session, like PgBouncer in
            transaction mode: no named statements, and nothing is set but inside a transaction.
        pool_min: so many connections stay open when nobody needs them.
        pool_max: so many sessions at once.
        connect_timeout: how long connecting may take, in milliseconds.
        answer_timeout: how long the other end may acknowledge nothing that was sent, and how much longer than
            ``statement_timeout`` a statement may be unanswered, in milliseconds; then the connection is lost.
        statement_timeout: how long a statement may run, in milliseconds; 0 for no limit.
        lock_timeout: how long a statement waits for a lock, in milliseconds; 0 for no limit.
        idle_in_transaction_timeout: how long a transaction may wait for its next statement, in milliseconds; 0 for no
            limit.
    """

    url: str
    dsn: str = field(repr=False)
    schema: str = DEFAULT_SCHEMA
    application_name: str = "duolog"
    prepared_statements: bool = True
    pool_min: int = 0
    pool_max: int = 24
    connect_timeout: int = 10_000
    answer_timeout: int = 10_000
    statement_timeout: int = 60_000
    lock_timeout: int = 5_000
    idle_in_transaction_timeout: int = 60_000


def parse_location(url: str) -> Location:
    """Take a URL apart. No error shows any of the URL but the names and the values of duolog's own options.

    Raises:
        ConfigurationError: the form is wrong, or an option is unknown or wrong.
    """
    parts = _split(url)
    options = url_options(parts.query, _OPTIONS, example="?schema=duolog&pool_max=24")
    numbers = {name: _number(name, options[name]) for name in _NUMBERS if name in options}
    location = Location(
        url=_shown(parts, options),
        dsn=_driver_url(parts, options),
        schema=_schema(options.get("schema", DEFAULT_SCHEMA)),
        application_name=options.get("application_name", "duolog"),
        prepared_statements=_switch("prepared_statements", options.get("prepared_statements", "on")),
        **numbers,
    )
    if location.pool_min > location.pool_max:
        message = f"pool_min={location.pool_min} is above pool_max={location.pool_max}"
        raise ConfigurationError(message, hint="Leave pool_min out, or raise pool_max.")
    return location


def _split(url: str) -> SplitResult:
    try:
        parts = urlsplit(url)
    except ValueError:
        raise _wrong_form() from None  # its text may show a part of the URL
    hosts = parts.netloc.rpartition("@")[2]
    is_wrong = parts.scheme not in _SCHEMES or parts.fragment or "\x00" in unquote(url)
    if is_wrong or "/" in parts.path.removeprefix("/") or not all(_is_host(host) for host in hosts.split(",")):
        raise _wrong_form()
    return parts


def _is_host(text: str) -> bool:
    host = _HOST.fullmatch(text)
    return host is not None and int(host["port"] or 0) <= _GREATEST_PORT


def _wrong_form() -> ConfigurationError:
    message = "the database URL is not that of a PostgreSQL database"
    return ConfigurationError(message, hint=_FORM)


def _number(name: str, text: str) -> int:
    least, most = _NUMBERS[name]
    if not (text.isascii() and text.isdigit() and least <= int(text) <= most):
        unit = " milliseconds" if name.endswith("_timeout") else ""
        message = f"{name}={text} is not allowed"
        raise ConfigurationError(message, hint=f"It is a number from {least} to {most}{unit}.")
    return int(text)


def _switch(name: str, text: str) -> bool:
    if text not in {"on", "off"}:
        message = f"{name}={text} is not allowed"
        raise ConfigurationError(message, hint="Write on or off.")
    return text == "on"


def _schema(text: str) -> str:
    if not _SCHEMA.fullmatch(text) or _RESERVED.fullmatch(text):
        message = f"schema={text} is not allowed"
        hint = "Use lower-case letters, digits and _, 63 at most; not public, pg_... or information_schema."
        raise ConfigurationError(message, hint=hint)
    return text


def _driver_url(parts: SplitResult, options: dict[str, str]) -> str:
    query = urlencode({name: value for name, value in options.items() if name in _DRIVER_OPTIONS})
    return parts._replace(scheme="postgresql", query=query).geturl()


def _shown(parts: SplitResult, options: dict[str, str]) -> str:
    credentials, at, hosts = parts.netloc.rpartition("@")
    query = urlencode({name: value for name, value in options.items() if name not in _SECRET_OPTIONS}, safe="/")
    return parts._replace(netloc=f"{credentials.partition(':')[0]}{at}{hosts}", query=query).geturl()
