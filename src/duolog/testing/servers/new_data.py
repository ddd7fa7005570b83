"""Data directories as `initdb` makes them, kept as archives: to unpack one is several times faster than to make one.

PostgreSQL's own tests copy theirs for the same reason (src/test/perl/PostgreSQL/Test/Cluster.pm). An archive is one
file, so that whoever tidies the folder for temporary files removes it wholly or not at all. What is unpacked from one
archive has one password and one system identifier, which is why only temporary servers begin so.
"""

import hashlib
import os
import secrets
import stat
import tarfile
import tempfile
from pathlib import Path
from typing import Final

from duolog.errors import ConfigurationError, ServerStartError
from duolog.testing.servers.account import Account
from duolog.testing.servers.binaries import PostgresBinaries

SUPERUSER: Final = "postgres"
LOGIN_FILE: Final = "password"
_OPTIONS: Final = (
    *("--username", SUPERUSER, "--auth", "scram-sha-256"),
    *("--encoding", "UTF8", "--no-locale", "--no-instructions"),
)


def make_data(directory: Path, account: Account, binaries: PostgresBinaries, *, sync: bool) -> None:
    """Make the data directory ``data`` and the file ``password`` in a folder with `initdb`.

    Passwords are SCRAM's, also from this machine. The new one reaches `initdb` by a file that is removed.

    Args:
        directory: the folder, which the account can enter.
        account: who is to own the data.
        binaries: the programs to use.
        sync: let the new files reach the disk.

    Raises:
        ConfigurationError: the account cannot run the programs.
        ServerStartError: `initdb` failed.
    """
    data = empty_data(directory, account)
    password = secrets.token_urlsafe(24)
    handed_over = directory / "handed-over"
    try:
        for path, content in ((handed_over, password), (directory / LOGIN_FILE, password)):
            path.unlink(missing_ok=True)
            path.touch(mode=0o600)
            path.write_text(content, encoding="utf-8")
        give(handed_over, account)
        command: list[str | Path] = [
            *(binaries.directory / "initdb", "--pgdata", data, "--pwfile", handed_over, *_OPTIONS),
            *(() if sync else ("--no-sync",)),
        ]
        try:
            ended = account.run(command, binaries.environment)
        except OSError as error:
            message = f"the user {account.name} cannot run initdb: {error}"
            raise ConfigurationError(message) from error
    finally:
        handed_over.unlink(missing_ok=True)
    if ended.returncode != 0:
        message = f"initdb failed in {directory}:\n{ended.stdout.strip()}"
        hint = f"The server runs as the user {account.name}, who must be able to enter this folder."
        raise ServerStartError(message, hint=hint)


def unpack_data(directory: Path, account: Account, binaries: PostgresBinaries) -> None:
    """Make the data directory and the password of a temporary server, as `make_data` does, from an archive of both.

    The archive is made first if there is none, and kept in the folder for temporary files.

    Args:
        directory: the folder, which the account can enter.
        account: who is to own the data.
        binaries: the programs to use.

    Raises:
        ConfigurationError: the archive is not ours, or the account cannot run the programs.
        ServerStartError: `initdb` failed, or the archive cannot be unpacked.
    """
    archive = _archive_of(account, binaries)
    if not archive.exists():
        _make_archive(archive, account, binaries)
    data = empty_data(directory, account)
    with archive.open("rb") as packed:
        found = os.fstat(packed.fileno())
        if found.st_uid != os.geteuid() or stat.S_IMODE(found.st_mode) & 0o077:
            message = f"{archive} is not ours: no server is made from it"
            raise ConfigurationError(message, hint="Remove it, or set TMPDIR.")
        # The account need not get to the archive: it is handed over open.
        ended = account.run(["tar", "-xpf", "-", "-C", data], binaries.environment, packed)
    if ended.returncode != 0:
        message = f"{archive} cannot be unpacked into {directory}:\n{ended.stdout.strip()}"
        raise ServerStartError(message, hint="Remove it; a new one is made.")
    (data / LOGIN_FILE).replace(directory / LOGIN_FILE)


def _archive_of(account: Account, binaries: PostgresBinaries) -> Path:
    """Return where the archive of these programs is: another one for other programs, options or owners."""
    program = (binaries.directory / "initdb").stat()
    key = f"{binaries.directory} {program.st_size} {program.st_mtime_ns} {_OPTIONS} {account.uid} {account.gid}"
    digest = hashlib.blake2b(key.encode(), digest_size=12).hexdigest()
    return Path(tempfile.gettempdir()) / f"duolog-initdb-{os.geteuid()}-{digest}.tar"


def _make_archive(archive: Path, account: Account, binaries: PostgresBinaries) -> None:
    with tempfile.TemporaryDirectory(prefix="duolog-initdb-") as name:
        folder = Path(name)
        folder.chmod(0o711)
        make_data(folder, account, binaries, sync=False)
        password = (folder / LOGIN_FILE).replace(folder / "data" / LOGIN_FILE)
        give(password, account)
        packed = folder / archive.name
        packed.touch(mode=0o600)
        with tarfile.open(packed, "w") as tar:
            tar.add(folder / "data", ".")
        packed.replace(archive)  # in one step: whoever else makes it at the same time has a whole one as well


def empty_data(directory: Path, account: Account) -> Path:
    """Make the folder ``data`` in a folder, for an account.

    Args:
        directory: the folder, which the account can enter.
        account: who is to own the data.
    """
    data = directory / "data"
    data.mkdir(mode=0o700, exist_ok=True)
    give(data, account)
    return data


def give(path: Path, account: Account) -> None:
    """Let an account own a file or a folder."""
    if account.uid != os.geteuid():
        os.chown(path, account.uid, account.gid)
