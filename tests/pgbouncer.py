"""A PgBouncer of the machine's in front of a test server, in transaction mode."""

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from duolog.testing.servers import PostgresDatabases
from duolog.testing.servers.account import server_account
from duolog.testing.servers.free_port import free_port

_PLACES: Final = ("/usr/sbin", "/usr/local/sbin", "/usr/bin", "/usr/local/bin", "/opt/homebrew/bin")
_HOST: Final = "127.0.0.1"
_SECONDS: Final = 10.0
OPTIONS: Final = "prepared_statements=off"

# As few sessions of the server's as a test needs at the same time, so that every transaction may get another one.
_SETTINGS: Final = """\
[databases]
* = host={host} port={port}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {own_port}
unix_socket_dir =
auth_type = plain
auth_file = {users}
pool_mode = transaction
default_pool_size = {sessions}
max_client_conn = 500
logfile = {log}
"""


def find_pgbouncer() -> str | None:
    """Return where the program is; None if the machine has none."""
    return shutil.which("pgbouncer", path=os.pathsep.join((os.environ.get("PATH", ""), *_PLACES)))


@contextmanager
def pgbouncer(databases: PostgresDatabases, folder: Path, *, sessions: int = 24) -> Iterator[PostgresDatabases]:
    """Run one for the length of a ``with`` block, which gets the server's databases as they are reached through it.

    Args:
        databases: those of the server behind it.
        folder: for its files.
        sessions: so many of the server's for each database.
    """
    program = find_pgbouncer()
    assert program is not None
    account, own_port = server_account(), free_port(_HOST)
    settings, users, log = (folder / name for name in ("pgbouncer.ini", "users.txt", "pgbouncer.log"))
    users.write_text(f'"{databases.user}" "{databases.password}"\n', encoding="utf-8")
    settings.write_text(
        _SETTINGS.format(
            host=databases.host, port=databases.port, own_port=own_port, users=users, sessions=sessions, log=log
        ),
        encoding="utf-8",
    )
    if os.geteuid() != account.uid:  # it does not run as root
        for path in (folder, settings, users):
            os.chown(path, account.uid, account.gid)
        for path in folder.parents:
            mode = path.stat().st_mode
            if not mode & 0o001:  # a pytest that starts meanwhile closes the folder of all pytests again
                path.chmod(mode | 0o011)
    process = subprocess.Popen(
        [program, "-q", str(settings)],
        user=None if os.geteuid() == account.uid else account.uid,
        group=None if os.geteuid() == account.uid else account.gid,
        cwd="/",
    )
    try:
        _await_port(own_port, process, log)
        yield PostgresDatabases(databases.binaries, _HOST, own_port, databases.user, databases.password, OPTIONS)
    finally:
        process.terminate()
        process.wait(_SECONDS)


def _await_port(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    until = time.monotonic() + _SECONDS
    while True:
        try:
            socket.create_connection((_HOST, port), timeout=1).close()
        except OSError:
            logged = log.read_text(encoding="utf-8") if log.exists() else ""
            assert process.poll() is None, f"pgbouncer has ended: {logged}"
            assert time.monotonic() < until, f"pgbouncer does not answer: {logged}"
            time.sleep(0.02)
        else:
            return
