"""A PostgreSQL server for the demonstration, with its data in the data directory."""

import os
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from typing import Final

from duolog.testing.servers import PostgresServer
from users.presentation.data_directory import data_directory, write_model_of

_FOLDER: Final = "postgres"


@contextmanager
def postgres_for_demo(environment: Mapping[str, str] = os.environ) -> Generator[str]:
    """Start a server, or join the one that another demonstration in the same directory has started.

    Args:
        environment: as for `data_directory.prepare`.

    Yields:
        The URL of its database, with the password.

    Raises:
        MissingServerError: the programs of PostgreSQL are not installed.
        ServerStartError: it does not start.
        ValueError: ``WRITE_MODEL`` is unknown.
        OSError: the directory cannot be made.
    """
    directory = data_directory(environment)
    if os.geteuid() == 0:
        directory.chmod(0o711)  # the server's own user has to get through it; the files in it stay its owner's
    name = f"users_{write_model_of(environment).value}"
    with PostgresServer(directory / _FOLDER) as server:
        databases = server.databases
        if not databases.run_sql(f"SELECT 1 FROM pg_database WHERE datname = '{name}'"):  # noqa: S608 - one of two names
            databases.create_database(name)
        yield server.url(name)
