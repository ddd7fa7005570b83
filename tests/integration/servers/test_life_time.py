"""A server lasts as long as somebody uses it, and no longer."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path

import pytest

from duolog.testing.servers import PostgresServer, ValkeyServer, process_table
from tests.architecture.checker import ROOT

SECONDS = 30.0


class Holder:
    """Another process that uses a server."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        assert process.stdout is not None
        self.process = process
        directory, *pids = process.stdout.readline().split()
        self.directory = Path(directory)
        self.keeper, self.postmaster, *_ = self.pids = list(map(int, pids))

    def kill(self) -> None:
        self.process.kill()
        self.process.wait(SECONDS)

    def close(self) -> None:
        self.process.communicate(timeout=SECONDS)


@contextmanager
def holding(*arguments: str) -> Generator[Holder]:
    command = [sys.executable, "-m", "tests.integration.servers.holder", *arguments]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield Holder(process)
        finally:
            process.kill()


def test_nothing_is_left_of_a_server_that_was_closed() -> None:
    with PostgresServer() as server:
        keeper = int((server.directory / "keeper.pid").read_text(encoding="ascii"))
        pids = {keeper, server.pid, *process_table.children(server.pid)}
        assert process_table.running(pids) == pids
    assert not process_table.running(pids)
    assert not server.directory.exists()


def test_a_server_ends_at_once_where_whoever_starts_it_ignores_signals() -> None:
    """As all do that a shell starts in the background; by force it would take ten seconds."""
    server = ValkeyServer()
    before = signal.signal(signal.SIGQUIT, signal.SIG_IGN)
    try:
        server.start()
    finally:
        signal.signal(signal.SIGQUIT, before)
    began = time.monotonic()
    server.close()
    assert time.monotonic() - began < 5


def test_nothing_is_left_of_a_server_whose_user_was_killed() -> None:
    with holding() as holder:
        assert process_table.running(holder.pids) == set(holder.pids)
        holder.kill()
        assert process_table.wait_until_gone(holder.pids, SECONDS)
        assert not holder.directory.exists()


def test_nothing_is_left_of_a_server_that_was_stopped_or_killed_before_it_was_closed() -> None:
    for end in (PostgresServer.stop, PostgresServer.kill):
        with PostgresServer() as server:
            pids = {server.pid, *process_table.children(server.pid)}
            end(server)
            assert not process_table.running(pids)
        assert not server.directory.exists()


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a child that its parent has died")
def test_a_server_ends_with_its_keeper() -> None:
    with holding() as holder:
        os.kill(holder.keeper, signal.SIGKILL)
        assert process_table.wait_until_gone(holder.pids, SECONDS)
        holder.close()
        assert not holder.directory.exists()


def test_several_processes_share_the_server_of_a_directory_until_the_last_one_ends(folder: Path) -> None:
    directory = folder / "shared"
    with holding(str(directory)) as first, holding(str(directory)) as second:
        assert second.postmaster == first.postmaster
        first.kill()
        with PostgresServer(directory, temporary=True) as third:
            assert third.pid == first.postmaster
            assert third.databases.run_sql("SELECT 1") == "1"
        assert process_table.running(first.pids) == set(first.pids)
        second.close()
        assert process_table.wait_until_gone(first.pids, SECONDS)
        assert not directory.exists()


def test_who_comes_when_the_last_one_leaves_gets_a_server_of_its_own(folder: Path) -> None:
    directory = folder / "shared"
    seen: set[int] = set()
    for _ in range(2):
        with holding(str(directory)) as holder:
            holder.kill()
            with PostgresServer(directory, temporary=True) as server:
                assert server.databases.run_sql("SELECT 1") == "1"
                seen |= {holder.postmaster, server.pid}
    assert len(seen) >= 2
    assert not directory.exists()


TESTS = """
import os, time
from pathlib import Path
import pytest
from duolog.testing.servers import PostgresServer, postgres_for_test_run

@pytest.fixture(scope="session")
def postgres():
    with postgres_for_test_run() as databases:
        yield databases

def test_it(postgres):
    with postgres.new_database():
        pid = postgres.run_sql("SELECT pg_postmaster_start_time()")
        (Path("seen") / os.environ["PYTEST_XDIST_WORKER"]).write_text(f"{postgres.port} {pid}")
    while "STAY" in os.environ:
        time.sleep(1)
"""


@pytest.fixture
def suite(tmp_path: Path) -> Path:
    """A folder with two test files, one for each of two workers."""
    (tmp_path / "seen").mkdir()
    (tmp_path / "pytest.ini").write_text("[pytest]\n")
    for number in range(2):
        (tmp_path / f"test_{number}.py").write_text(TESTS)
    return tmp_path


def pytest_command() -> list[str]:
    return [sys.executable, "-m", "pytest", "-p", "xdist", "-p", "no:cacheprovider", "-n", "2", "--dist", "loadfile"]


def await_that(happened: Callable[[], bool]) -> None:
    """Wait for another process to have done something that it tells by files only."""
    deadline = time.monotonic() + SECONDS
    while not happened():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def servers_of(folder: Path) -> set[Path]:
    return set(folder.glob("duolog-postgres-*"))


def environment_of(folder: Path, **more: str) -> dict[str, str]:
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST_", "DUOLOG_"))}
    return {**inherited, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "TMPDIR": str(folder), **more}


def test_the_workers_of_a_test_run_share_one_server_and_leave_none(suite: Path, folder: Path) -> None:
    ended = subprocess.run(
        pytest_command(), cwd=suite, env=environment_of(folder), capture_output=True, text=True, check=False
    )
    assert ended.returncode == 0, ended.stdout
    seen = {path.name: path.read_text() for path in (suite / "seen").iterdir()}
    assert set(seen) == {"gw0", "gw1"}
    assert len(set(seen.values())) == 1
    assert not servers_of(folder)


def test_a_killed_test_run_leaves_no_server(suite: Path, folder: Path) -> None:
    environment = environment_of(folder, STAY="1")
    with subprocess.Popen(pytest_command(), cwd=suite, env=environment, stdout=subprocess.PIPE) as run:
        await_that(lambda: len(list((suite / "seen").iterdir())) == 2)
        [directory] = servers_of(folder)
        keeper = int((directory / "keeper.pid").read_text(encoding="ascii"))
        run.kill()
        run.wait()
    assert process_table.wait_until_gone({keeper}, SECONDS)
    assert not servers_of(folder)
