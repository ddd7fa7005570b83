"""Leases of processes that died, and what a former owner cannot do."""

import socket
import sys
from asyncio.subprocess import PIPE, create_subprocess_exec
from dataclasses import replace

import pytest

from duolog.adapters.sqlite.owner_liveness import is_dead
from duolog.database.port import Database, View
from duolog.errors import CheckpointConflictError
from duolog.subscriptions.checkpoints import CheckpointMove
from duolog.subscriptions.owner import Owner, owner_name, start_time
from duolog.subscriptions.share import Share

HOUR = 3_600
VIEW = View("users_view", 1, {"users_view": "CREATE TABLE users_view (id INTEGER PRIMARY KEY)"})
NAME_ITSELF = "from duolog.subscriptions.owner import owner_name; print(owner_name())"


async def dead_owner() -> str:
    process = await create_subprocess_exec(sys.executable, "-c", NAME_ITSELF, stdout=PIPE)
    name, _ = await process.communicate()
    return name.decode().strip()


async def test_the_lease_of_a_dead_process_is_free_at_once(database: Database) -> None:
    former = await database.leases.acquire(Share("users_view"), await dead_owner(), seconds=HOUR)
    assert former is not None
    taken = await database.leases.acquire(Share("users_view"), owner_name(), seconds=HOUR)
    assert taken is not None
    assert taken.token > former.token


async def test_the_lease_of_a_living_process_is_not(database: Database) -> None:
    assert await database.leases.acquire(Share("users_view"), owner_name(), seconds=HOUR) is not None
    assert await database.leases.acquire(Share("users_view"), "another", seconds=HOUR) is None


def test_a_process_that_got_the_pid_of_a_dead_one_is_another() -> None:
    this = Owner.this()
    if start_time(this.pid) is None:
        pytest.skip("this system does not tell when a process started")
    assert not is_dead(f"{this}")
    assert not is_dead(f"{this}/2")
    assert is_dead(f"{replace(this, start=str(int(this.start) - 1))}")


async def test_a_process_of_another_pid_namespace_counts_as_living() -> None:
    dead = Owner.parse(await dead_owner())
    assert dead is not None
    assert is_dead(f"{dead}")
    assert not is_dead(f"{replace(dead, namespace='pid:[1]')}")
    assert not is_dead(f"{dead.host}/{dead.pid}/{dead.start}")  # a name without a namespace


@pytest.mark.parametrize("owner", ["", "somebody", "elsewhere/-/999999999/1", "///", f"{socket.gethostname()}/-/x/1"])
def test_who_cannot_be_known_counts_as_living(owner: str) -> None:
    assert not is_dead(owner)


async def test_a_former_owners_batch_is_refused(database: Database) -> None:
    await database.prepare_view(VIEW)
    former = await database.leases.acquire(Share("users_view"), "former", seconds=0)
    assert former is not None
    session = database.open_view(VIEW)
    await session.execute("INSERT INTO users_view (id) VALUES (1)")
    await session.flush()
    await session.close()

    late = database.open_view(VIEW)
    await late.execute("INSERT INTO users_view (id) VALUES (1)")
    assert await database.leases.acquire(Share("users_view"), "new", seconds=HOUR) is not None
    with pytest.raises(CheckpointConflictError):
        await late.commit(CheckpointMove(Share("users_view"), 1, former.token, 0, 7))
    await late.close()
    reader = database.open_reader()
    assert await reader.fetch_value("SELECT count(*) FROM users_view") == 0
    await reader.close()
