"""The intents example as a process of its own, as `make demo-intents` starts it."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import msgspec


@contextmanager
def served(directory: Path, **settings: str) -> Iterator[httpx.Client]:
    """Serve it on a free port for the length of the block.

    Args:
        directory: where it runs.
        settings: of its environment.
    """
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("DUOLOG_", "INTENTS_"))}
    command = [sys.executable, "-m", "duolog", "run", "chat_intents.presentation.api:api", "--port", "0", "--json"]
    process = subprocess.Popen(command, cwd=directory, env={**inherited, **settings}, stdout=subprocess.PIPE)
    assert process.stdout is not None
    try:
        url = ""
        for line in process.stdout:
            said = msgspec.json.decode(line)
            url = said.get("url", "")
            if url:
                break
        assert url, "it did not start"
        with httpx.Client(base_url=url, timeout=20, trust_env=False) as client:
            yield client
    finally:
        process.terminate()
        process.communicate(timeout=30)
