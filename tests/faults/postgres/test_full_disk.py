"""E3: a server whose disk is full gives errors, never acknowledgements; work resumes when there is room."""

import asyncio
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import asyncpg
import pytest

from duolog.errors import ServerStartError
from duolog.testing.servers import PostgresServer, PostgresSettings
from tests.faults.experiment import Experiment, size
from tests.faults.postgres.killed_server import make_log
from tests.faults.processes import running
from tests.faults.units import checked_units

ROUNDS = size(short=1, long=5)
REFUSALS = 6
PATIENCE = 5_000
MEBIBYTES = 256
SETTINGS = PostgresSettings(shared_buffers="16MB", others={"max_wal_size": "64MB", "min_wal_size": "32MB"})
UNITS = "SELECT stream, version, data::text FROM \"duolog\".events WHERE type = 'unit.written' ORDER BY position"


@pytest.fixture
def small_disk() -> Iterator[Path]:
    """A file system with little room, where one may be mounted; the server's own user gets to it."""
    folder = Path(tempfile.mkdtemp(prefix="duolog-small-disk-"))
    folder.chmod(0o755)
    mount = shutil.which("mount")
    command = [mount or "mount", "-t", "tmpfs", "-o", f"size={MEBIBYTES}m,mode=755", "tmpfs", str(folder)]
    if mount is None or os.geteuid() != 0 or subprocess.run(command, check=False, capture_output=True).returncode:
        folder.rmdir()
        pytest.skip("only root may mount a small disk, and not everywhere")
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)  # noqa: S607 - where it is differs
    folder.rmdir()


def fill(ballast: Path) -> None:
    """Write until there is no room left."""
    with suppress(OSError), ballast.open("wb", buffering=0) as file:
        while file.write(bytes(65_536)):
            pass
    with suppress(OSError), ballast.open("ab", buffering=0) as file:
        while file.write(bytes(512)):
            pass


async def serving(server: PostgresServer) -> None:
    """See that the server runs: one that cannot write its journal gives up, and somebody must start it again."""
    while True:
        try:
            await asyncio.to_thread(server.start)
            connection = await asyncpg.connect(server.url("log"))
        except (ServerStartError, asyncpg.PostgresError, OSError):
            await asyncio.sleep(0.1)
        else:
            await connection.close()
            return


async def test_a_full_disk_is_an_error_and_work_resumes_when_there_is_room(small_disk: Path) -> None:
    experiment = Experiment("E3 full disk: a small file system under PostgreSQL")
    ballast = small_disk / "ballast"
    with PostgresServer(small_disk / "server", settings=SETTINGS) as server:
        url = server.create_database("log")
        await make_log(url)
        async with running(experiment, "tests.faults.writer", (url, "--padding", "20000")) as writer:
            for _ in range(ROUNDS):
                await writer.until("ok", 20)
                await asyncio.to_thread(fill, ballast)
                experiment.fault("no room", overlaps=True)
                refused = await writer.until("fail", REFUSALS, within=PATIENCE)
                experiment.expect(refused, "a full disk was no error")
                ballast.unlink()
                room = time.monotonic()
                await serving(server)
                await writer.until("ok")
                experiment.recoveries.append(time.monotonic() - room)
            writer.kill()
            await writer.rest()
        connection = await asyncpg.connect(url)
        found = [tuple(row) for row in await connection.fetch(UNITS)]
        await connection.close()
    experiment.compare(checked_units(found, experiment))
    experiment.conclude()
