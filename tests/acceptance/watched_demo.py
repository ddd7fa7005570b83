"""A demo whose printed and stored bytes are searched for what must never be there."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from tests.acceptance.demo_server import DemoServer
from users.infrastructure.providers import WriteModel

PASSWORD: Final = "the canary that no page may show"


@contextmanager
def watched_demo(folder: Path, write_model: WriteModel) -> Iterator[DemoServer]:
    """Run a demo without first users; when the block ends, it must have shown no password and no traceback."""
    with DemoServer(folder / "data", write_model, filled=True) as running:
        yield running
        running.kill()
    shown = "".join(running.output)
    stored = b"".join(file.read_bytes() for file in running.settings.data_dir.iterdir())
    assert PASSWORD not in shown
    assert PASSWORD.encode() not in stored
    assert "Traceback" not in shown, shown
