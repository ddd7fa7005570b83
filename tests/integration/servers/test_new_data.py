"""Temporary servers begin with an unpacked copy of what `initdb` made once; others with their own."""

import tempfile
from pathlib import Path

import pytest

from duolog.errors import ConfigurationError, ServerStartError
from duolog.testing.servers import PostgresServer

IDENTITY = "SELECT system_identifier FROM pg_control_system()"


@pytest.fixture(autouse=True)
def temporary(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder for temporary files without any archive."""
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


def archives(folder: Path) -> list[Path]:
    return list(folder.glob("duolog-initdb-*"))


def test_temporary_servers_share_one_initdb_and_a_kept_one_has_its_own(temporary: Path) -> None:
    identities: list[str] = []
    for directory in (None, None, temporary / "kept"):
        with PostgresServer(directory) as server:
            identities.append(server.databases.run_sql(IDENTITY))
            assert not (server.directory / "data" / "password").exists()
            assert {path.stat().st_mode & 0o077 for path in (server.directory / "data").iterdir()} == {0}
    assert identities[0] == identities[1] != identities[2]
    [archive] = archives(temporary)
    assert archive.stat().st_mode & 0o077 == 0  # the password is in it
    for change in (lambda: archive.chmod(0o644), lambda: archive.write_bytes(b"damaged")):
        archive.chmod(0o600)
        change()
        with pytest.raises((ConfigurationError, ServerStartError), match=r"Remove it"):
            PostgresServer().start()
    assert set(temporary.iterdir()) == {archive, temporary / "kept"}
