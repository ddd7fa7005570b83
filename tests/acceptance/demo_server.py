"""`duolog demo` as a process of its own, as `make demo` starts it."""

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path
from queue import Empty, Queue
from types import TracebackType
from typing import Final, Self

import httpx

from users.infrastructure.providers import WriteModel
from users.presentation.data_directory import DemoSettings, prepare

_PATIENCE: Final = 60.0  # seconds until a start has failed
_QUICK: Final = Path(__file__).with_name("quick_demo.py")
_SERVED: Final = "The users example is served on "


class DemoServer:
    """A running demo; killed, by its process id, when the block ends."""

    def __init__(
        self,
        data_dir: Path,
        write_model: WriteModel,
        *,
        filled: bool = False,
        database: str | None = None,
        quick_hashes: bool = False,
    ) -> None:
        """Prepare a start.

        Args:
            data_dir: the data directory.
            write_model: how users are kept.
            filled: leave out the first users.
            database: URL of another database than the data directory's; ``postgres`` starts a server for it.
            quick_hashes: spend less on passwords than the program does otherwise: where there are hundreds.
        """
        self._program = [str(_QUICK)] if quick_hashes else ["-m", "duolog"]
        self._environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("DUOLOG_")},
            "DUOLOG_DATA": str(data_dir),
            "PORT": "0",
            "PYTHONUNBUFFERED": "1",
            "WRITE_MODEL": write_model.value,
        }
        if database is not None:
            self._environment["DUOLOG_DATABASE"] = database
        own_server = {"DUOLOG_DATABASE": f"postgresql://127.0.0.1/users_{write_model.value}"}
        self.settings: DemoSettings = prepare(
            data_dir, {**self._environment, **(own_server if database == "postgres" else {})}
        )
        if filled:
            self.settings.filled_file.touch()
        self.output: list[str] = []
        self.url = ""

    def __enter__(self) -> Self:
        """Start it, and wait until it says that it serves."""
        self._process = subprocess.Popen(
            [sys.executable, *self._program, "demo"],
            cwd=self.settings.data_dir,
            env=self._environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        served: Queue[str] = Queue()
        self._reader = threading.Thread(target=self._read, args=(served,), daemon=True)
        self._reader.start()
        try:
            self.url = served.get(timeout=_PATIENCE)
        except Empty:
            self.kill()
        if not self.url:
            message = f"the demo did not start:\n{''.join(self.output)}"
            raise AssertionError(message)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Kill it, if it still runs."""
        self.kill()

    def kill(self) -> None:
        """End it as a power cut would: with SIGKILL."""
        self._process.kill()
        self._end()

    def stop(self) -> int:
        """End it as an operator would, and return its exit status."""
        self._process.send_signal(signal.SIGTERM)
        return self._end()

    def client(self, token: str | None = None) -> httpx.AsyncClient:
        """Return a client of its own connections, with the admin's token unless another is given."""
        admin = self.settings.admin_token_file.read_text(encoding="ascii").strip()
        headers = {"Authorization": f"Bearer {admin if token is None else token}"} if token != "" else {}
        return httpx.AsyncClient(
            base_url=self.url,
            headers=headers,
            timeout=30,
            limits=httpx.Limits(max_connections=200, keepalive_expiry=2),  # before the server closes idle ones, after 5
            trust_env=False,
            verify=False,  # noqa: S501 - there is no TLS, and loading certificates is slow
        )

    def _end(self) -> int:
        status = self._process.wait(timeout=_PATIENCE)
        self._reader.join(timeout=_PATIENCE)
        return status

    def _read(self, served: "Queue[str]") -> None:
        output = self._process.stdout
        if output is None:
            return
        with output:
            for line in output:
                self.output.append(line)
                if line.startswith(_SERVED):
                    served.put(line.removeprefix(_SERVED).split()[0])
        served.put("")
