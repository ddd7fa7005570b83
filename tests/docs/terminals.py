"""A reader's terminals: one that serves, and one in which the other commands of a page are typed."""

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from tests.docs.pages import Block

_SECONDS: Final = 30
_SHOWN_PORT: Final = "8000"


@dataclass(frozen=True, slots=True)
class Command:
    """A command and what it answers.

    Attributes:
        where: page and line.
        text: the command, without the prompt.
        output: what the page shows below it; empty if it shows nothing.
    """

    where: str
    text: str
    output: str


def commands(block: Block) -> Iterator[Command]:
    r"""Yield the commands of a console block: lines after a ``$``, continued by a ``\`` at their end."""
    lines = block.code.splitlines()
    starts = [number for number, line in enumerate(lines) if line.startswith("$ ")]
    assert starts[:1] == [0], f"{block.page}:{block.line} does not begin with a prompt"
    for start, end in zip(starts, [*starts[1:], len(lines)], strict=True):
        last = start
        while lines[last].endswith("\\"):
            last += 1
        text = "\n".join(lines[start : last + 1]).removeprefix("$ ")
        yield Command(f"{block.page}:{block.line + start}", text, "\n".join(lines[last + 1 : end]))


class Terminals:
    """Runs commands in one directory; `duolog run` and `duolog worker` go on until the next `run`, or the end.

    Args:
        directory: where they run.
    """

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._port = str(_free_port())
        self._running: list[subprocess.Popen[str]] = []
        scripts = Path(sys.executable).parent
        self._environment = {
            **os.environ,
            "PATH": f"{scripts}{os.pathsep}{os.environ['PATH']}",
            "NO_COLOR": "1",
            "COLUMNS": "120",
        }
        self._environment.pop("DUOLOG_SECRET", None)

    def __enter__(self) -> Self:
        """Begin."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """End what still runs."""
        self._stop()

    def run(self, command: Command) -> None:
        """Type a command in, and compare what it shows with the page."""
        text = re.sub(rf"\b{_SHOWN_PORT}\b", self._port, command.text)
        exported = re.fullmatch(r"export (\w+)=(.*)", text)
        if exported:
            value = self._shell(f"printf %s {exported[2]}", command)
            self._environment[exported[1]] = value
        elif re.match(r"(\w+=\S+ )*duolog run ", text):
            self._stop()
            self._start(text, command, until=f":{self._port}")
        elif text.startswith("duolog worker "):
            self._start(text, command, until="")
        else:
            shown = self._shell(text, command)
            if command.output:
                expected = ".*".join(map(re.escape, command.output.replace(_SHOWN_PORT, self._port).split("…")))
                assert re.fullmatch(expected, _stripped(shown), re.DOTALL), f"{command.where} shows:\n{shown}"

    def _shell(self, text: str, command: Command) -> str:
        shell = shutil.which("bash") or "sh"
        done = subprocess.run(
            [shell, "-c", text],
            cwd=self._directory,
            env=self._environment,
            capture_output=True,
            text=True,
            timeout=_SECONDS,
            check=False,
        )
        assert done.returncode == 0, f"{command.where}: {text}\n{done.stdout}{done.stderr}"
        return done.stdout

    def _start(self, text: str, command: Command, *, until: str) -> None:
        shell = shutil.which("bash") or "sh"
        process = subprocess.Popen(
            [shell, "-c", f"exec {text}" if "=" not in text.split(maxsplit=1)[0] else f"exec env {text}"],
            cwd=self._directory,
            env={**self._environment, "PORT": self._port},
            stderr=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            text=True,
            start_new_session=True,
        )
        self._running.append(process)
        assert process.stderr is not None
        said = ""
        for line in process.stderr:
            said += line
            if until in line:
                return
        message = f"{command.where} did not start:\n{said}"
        raise AssertionError(message)

    def _stop(self) -> None:
        while self._running:
            process = self._running.pop()
            process.send_signal(signal.SIGINT)
            try:
                process.communicate(timeout=_SECONDS)  # reads on, so that a full pipe does not stop it
            except subprocess.TimeoutExpired:
                process.kill()
                process.communicate()
                raise


def _stripped(text: str) -> str:
    return "\n".join(line.rstrip() for line in text.splitlines()).strip("\n")


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port
