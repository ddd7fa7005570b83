"""The databases of a server, made and dropped."""

import re
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib import resources
from subprocess import run
from typing import Final, Self
from urllib.parse import quote, unquote, urlsplit

from duolog.errors import ConfigurationError, DatabaseError
from duolog.ids import uuid7
from duolog.testing.servers.binaries import PostgresBinaries

_NAME: Final = re.compile(r"[a-z_][a-z0-9_]{0,62}")
_SECONDS: Final = 60
_EMPTY: Final = resources.files("duolog.testing.servers").joinpath("empty_database.sql").read_text(encoding="utf-8")


@dataclass(frozen=True, slots=True)
class PostgresDatabases:
    """The databases of one server, whoever runs it.

    Attributes:
        binaries: `psql` is used of them.
        host: the server's address.
        port: where it listens.
        user: somebody who may create databases.
        password: of this user; not shown.
        options: what follows the ``?`` in URLs.
        maintenance: the database to connect to when others are made.
    """

    binaries: PostgresBinaries
    host: str
    port: int
    user: str
    password: str = field(repr=False)
    options: str = ""
    maintenance: str = "postgres"

    @classmethod
    def of(cls, url: str, binaries: PostgresBinaries) -> Self:
        """Take those of the server that a URL names.

        Args:
            url: such as ``postgresql://user:password@host:5432/database``.
            binaries: `psql` is used of them.

        Raises:
            ConfigurationError: it is not such a URL.
        """
        parts = urlsplit(url)
        if parts.scheme not in {"postgres", "postgresql"} or not parts.hostname or not parts.username:
            message = "a server for tests is named by postgresql://user:password@host:port/database"
            raise ConfigurationError(message)
        return cls(
            binaries,
            parts.hostname,
            parts.port or 5432,
            unquote(parts.username),
            unquote(parts.password or ""),
            parts.query,
            unquote(parts.path.removeprefix("/")) or "postgres",
        )

    def url(self, database: str = "postgres") -> str:
        """Return the URL of a database, with the password.

        Args:
            database: its name.
        """
        login = f"{quote(self.user, safe='')}:{quote(self.password, safe='')}" if self.password else quote(self.user)
        host = f"[{self.host}]" if ":" in self.host else self.host
        options = f"?{self.options}" if self.options else ""
        return f"postgresql://{login}@{host}:{self.port}/{quote(database, safe='')}{options}"

    def create_database(self, name: str) -> str:
        """Create an empty database.

        Args:
            name: small letters, digits and ``_``, 63 at most.

        Returns:
            Its URL, with the password.

        Raises:
            ConfigurationError: the name is of another form.
            DatabaseError: the server refuses, or does not answer.
        """
        self.run_sql(f"CREATE DATABASE {_quoted(name)}")
        return self.url(name)

    def drop_database(self, name: str) -> None:
        """Drop a database if there is one, and end its sessions.

        Args:
            name: as for `create_database`.

        Raises:
            ConfigurationError: the name is of another form.
            DatabaseError: the server refuses, or does not answer.
        """
        self.run_sql(f"DROP DATABASE IF EXISTS {_quoted(name)} WITH (FORCE)")

    def empty_database(self, name: str) -> None:
        """Drop all that is in a database, and end its sessions: several times faster than a new one.

        Args:
            name: as for `create_database`.

        Raises:
            ConfigurationError: the name is of another form.
            DatabaseError: the server refuses, or does not answer.
        """
        _quoted(name)
        self.run_sql(_EMPTY, database=name)

    @contextmanager
    def new_database(self) -> Generator[str]:
        """Have an empty database with a new name for the length of a ``with`` block, which gets its URL.

        Raises:
            DatabaseError: the server refuses, or does not answer.
        """
        name = f"test_{uuid7().hex}"
        url = self.create_database(name)
        try:
            yield url
        finally:
            self.drop_database(name)

    def run_sql(self, sql: str, *, database: str = "") -> str:
        """Run SQL through `psql`.

        Args:
            sql: one or more statements.
            database: where; the maintenance database if not given.

        Returns:
            The rows, a line each, with ``|`` between columns.

        Raises:
            DatabaseError: the server refuses, or does not answer.
        """
        command = [
            *(str(self.binaries.directory / "psql"), "--no-psqlrc", "--no-password", "--quiet"),
            *("--tuples-only", "--no-align", "--set", "ON_ERROR_STOP=1"),
            *("--host", self.host, "--port", str(self.port), "--username", self.user),
            *("--dbname", database or self.maintenance, "--command", sql),
        ]
        environment = {**self.binaries.environment, "PGPASSWORD": self.password, "PGCONNECT_TIMEOUT": str(_SECONDS)}
        ended = run(command, env=environment, capture_output=True, text=True, check=False)
        if ended.returncode != 0:
            raise DatabaseError(ended.stderr.strip())
        return ended.stdout.strip()


def _quoted(name: str) -> str:
    if not _NAME.fullmatch(name):
        message = f"a database's name is of small letters, digits and _, 63 at most; this is not: {name!r}"
        raise ConfigurationError(message)
    return f'"{name}"'
