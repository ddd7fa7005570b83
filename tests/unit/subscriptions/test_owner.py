import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from duolog.subscriptions import owner
from duolog.subscriptions.owner import Owner, owner_name


def test_an_owner_is_named_by_its_host_its_process_and_when_that_started() -> None:
    owner = Owner.parse(owner_name())
    assert owner is not None
    assert (owner.host, owner.pid) == (socket.gethostname(), os.getpid())
    assert owner.namespace
    assert owner.start
    assert Owner.parse(str(owner)) == owner


def test_two_runners_of_one_process_have_two_names() -> None:
    assert len({owner_name() for _ in range(10)}) == 10


def test_the_first_runner_of_a_process_has_the_plain_name() -> None:
    code = "from duolog.subscriptions.owner import owner_name; print(owner_name())"
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    printed = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True, env=environment)
    assert printed.stdout.count("/") == 3


def test_where_the_start_is_not_known_a_random_text_stands_for_it(monkeypatch: pytest.MonkeyPatch) -> None:
    class MissingPath:
        def __init__(self, path: str) -> None:
            del path

        def read_text(self, **_: str) -> str:
            raise FileNotFoundError

        def readlink(self) -> Path:
            raise FileNotFoundError

    monkeypatch.setattr(owner, "Path", MissingPath)
    names = [owner_name().split("/") for _ in range(2)]
    assert {name[1] for name in names} == {"-"}
    starts = {name[3] for name in names}
    assert len(starts) == 2
    assert all(len(start) == 16 for start in starts)
