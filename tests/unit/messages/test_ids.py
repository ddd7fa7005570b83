import os
import subprocess
import sys
import threading
import time
from uuid import RFC_4122, UUID

import pytest

from duolog.ids import uuid7


def test_ids_are_uuids_of_version_7() -> None:
    made = uuid7()
    assert (made.version, made.variant) == (7, RFC_4122)


def test_an_id_begins_with_its_time() -> None:
    before = time.time_ns() // 1_000_000
    milliseconds = uuid7().int >> 80
    assert before <= milliseconds <= time.time_ns() // 1_000_000 + 100


def test_every_id_is_greater_than_the_one_before() -> None:
    made = [uuid7() for _ in range(50_000)]
    assert made == sorted(set(made))


@pytest.mark.parametrize("clock", [lambda: 0, lambda: 1_700_000_000_000_000_000])
def test_a_clock_that_stands_still_or_steps_back_makes_greater_ids(
    monkeypatch: pytest.MonkeyPatch, clock: object
) -> None:
    before = uuid7()
    monkeypatch.setattr(time, "time_ns", clock)
    made = [uuid7() for _ in range(10_000)]
    assert made == sorted(set(made))
    assert made[0] > before
    assert all(each.version == 7 and each.variant == RFC_4122 for each in made)


def test_threads_make_different_ids() -> None:
    made: list[list[UUID]] = []

    def make() -> None:
        made.append([uuid7() for _ in range(5_000)])

    threads = [threading.Thread(target=make) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({each for ids in made for each in ids}) == 20_000
    assert all(ids == sorted(ids) for ids in made)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="the platform cannot fork")
def test_a_forked_process_shares_no_random_bits_with_its_parent() -> None:
    """Both would otherwise hand out what was fetched before the fork."""
    script = (
        "import os, time\n"
        "from duolog.ids import uuid7\n"
        "uuid7()\n"
        "reading, writing = os.pipe()\n"
        "if os.fork() == 0:\n"
        "    os.write(writing, uuid7().bytes)\n"
        "    os._exit(0)\n"
        "os.wait()\n"
        "theirs = os.read(reading, 16)\n"
        "print(theirs[8:] != uuid7().bytes[8:])\n"
    )
    ended = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert ended.stdout == "True\n"
