"""With `--json`, standard output of a command that goes on is read by the program that started it."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.acceptance.test_command_line import PATIENCE, SHOP, clean_environment
from users.infrastructure.providers import WriteModel
from users.presentation.data_directory import prepare

pytestmark = [pytest.mark.timeout(120), pytest.mark.xdist_group("acceptance")]

Start = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    (tmp_path / "shop.py").write_text(SHOP)
    with ExitStack() as running:

        def run(*arguments: str, **environment: str) -> "subprocess.Popen[str]":
            process = subprocess.Popen(
                [sys.executable, "-m", "duolog", *arguments, "--json"],
                cwd=tmp_path,
                env=clean_environment(environment),
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                text=True,
            )
            running.enter_context(process)
            running.callback(process.kill)
            return process

        yield run


def said(process: "subprocess.Popen[str]") -> dict[str, Any]:
    assert process.stdout is not None
    return dict(json.loads(process.stdout.readline()))


def ended(process: "subprocess.Popen[str]", number: signal.Signals) -> list[dict[str, Any]]:
    """Send a signal, and return what was said since."""
    process.send_signal(number)
    rest, _ = process.communicate(timeout=PATIENCE)
    assert process.returncode == 0
    return [json.loads(line) for line in rest.splitlines()]


@pytest.mark.parametrize("workers", ["1", "2"])
def test_a_served_application_says_where_it_listens_and_that_it_stopped(start: Start, workers: str) -> None:
    """Requests are logged elsewhere."""
    process = start("run", "shop:api", "--port", "0", "--workers", workers)
    first = said(process)
    assert (first["state"], first["application"]) == ("listening", "shop")
    with httpx.Client(transport=httpx.HTTPTransport(retries=20), timeout=PATIENCE) as client:
        assert client.get(f"{first['url']}/items").status_code == 200
    assert ended(process, signal.SIGTERM) == [{"state": "stopped", "application": "shop"}]


def test_an_application_without_http_says_that_it_started_and_stopped(start: Start) -> None:
    """It has no URL."""
    process = start("run", "shop:worker")
    assert said(process) == {"state": "started", "application": "shop"}
    assert ended(process, signal.SIGINT) == [{"state": "stopped", "application": "shop"}]


def test_the_demo_says_what_a_program_needs_to_use_it(start: Start, tmp_path: Path) -> None:
    """The URL, where the admin's token is, and the commands that people are shown."""
    environment = {"DUOLOG_DATA": str(tmp_path / "data"), "WRITE_MODEL": WriteModel.EVENTS.value}
    prepare(tmp_path / "data", {**os.environ, **environment}).filled_file.touch()
    process = start("demo", "--port", "0", **environment)
    listening = said(process)
    assert listening["state"] == "listening"
    assert httpx.get(f"{listening['url']}/health", timeout=PATIENCE).status_code == 200
    assert Path(listening["admin_token_file"]).is_file()
    assert all(set(each) == {"purpose", "command"} for each in listening["commands"])
    assert ended(process, signal.SIGTERM) == [{"state": "stopped"}]
