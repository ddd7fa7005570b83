from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from duolog.errors import MissingServerError
from duolog.testing.servers import PostgresBinaries, PostgresServer


@pytest.fixture(scope="module", params=["embedded", 15])
def binaries(request: pytest.FixtureRequest) -> PostgresBinaries:
    """The programs of the package, and the oldest that are supported."""
    if request.param == "embedded":
        return PostgresBinaries.embedded()
    try:
        return PostgresBinaries.installed(request.param)
    except MissingServerError as error:
        pytest.skip(error.message)


@pytest.fixture(scope="module")
def server(binaries: PostgresBinaries) -> Iterator[PostgresServer]:
    """One server for the tests of a module, which leave it running."""
    with PostgresServer(binaries=binaries) as server:
        yield server


@pytest.fixture
def folder() -> Iterator[Path]:
    """A temporary folder that every user can enter, which pytest's own are not."""
    with TemporaryDirectory(prefix="duolog-test-") as name:
        folder = Path(name)
        folder.chmod(0o711)
        yield folder
