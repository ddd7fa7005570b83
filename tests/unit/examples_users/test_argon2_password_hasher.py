import asyncio
import threading
from collections.abc import Iterator
from typing import Any

import argon2
import pytest
from argon2.exceptions import InvalidHashError

from users.infrastructure.adapters.argon2_password_hasher import Argon2PasswordHasher


@pytest.fixture
def hasher() -> Iterator[Argon2PasswordHasher]:
    hasher = Argon2PasswordHasher()
    yield hasher
    hasher.close()


async def test_a_hash_has_the_parameters_that_owasp_names(hasher: Argon2PasswordHasher) -> None:
    parameters = argon2.extract_parameters(await hasher.hash("correct horse"))
    assert parameters.type is argon2.Type.ID
    assert (parameters.memory_cost, parameters.time_cost, parameters.parallelism) == (19_456, 2, 1)


async def test_only_the_same_password_fits_and_two_hashes_of_it_differ(hasher: Argon2PasswordHasher) -> None:
    first, second = await asyncio.gather(hasher.hash("correct horse"), hasher.hash("correct horse"))
    assert first != second
    assert await hasher.verify("correct horse", first)
    assert not await hasher.verify("correct horsE", first)
    assert not await hasher.verify("", first)


async def test_without_a_hash_nothing_fits(hasher: Argon2PasswordHasher) -> None:
    assert not await hasher.verify("correct horse", None)


async def test_a_password_longer_than_allowed_does_not_fit_its_beginning(hasher: Argon2PasswordHasher) -> None:
    longest = "x" * 128
    assert not await hasher.verify(longest + "y" * 1_000_000, await hasher.hash(longest))


async def test_text_that_is_not_unicode_is_hashed_as_well(hasher: Argon2PasswordHasher) -> None:
    assert await hasher.verify("\ud800" * 8, await hasher.hash("\ud800" * 8))


async def test_a_stored_text_that_is_no_hash_is_an_error_and_no_refusal(hasher: Argon2PasswordHasher) -> None:
    with pytest.raises(InvalidHashError):
        await hasher.verify("correct horse", "plain text")


async def test_an_unknown_user_costs_as_many_hashes_as_a_known_one(monkeypatch: pytest.MonkeyPatch) -> None:
    hasher = Argon2PasswordHasher()
    known = await hasher.hash("correct horse")
    costs: list[tuple[int, int, int]] = []
    low_level = argon2.low_level

    def hash_counted(*arguments: Any, **options: Any) -> bytes:
        costs.append((options["memory_cost"], options["time_cost"], options["parallelism"]))
        return original_hash(*arguments, **options)

    def verify_counted(stored: bytes, *arguments: Any) -> bool:
        parameters = argon2.extract_parameters(stored.decode())
        costs.append((parameters.memory_cost, parameters.time_cost, parameters.parallelism))
        return original_verify(stored, *arguments)

    original_hash, original_verify = low_level.hash_secret, low_level.verify_secret
    monkeypatch.setattr("argon2._password_hasher.hash_secret", hash_counted)
    monkeypatch.setattr("argon2._password_hasher.verify_secret", verify_counted)
    await hasher.verify("wrong horse", known)
    await hasher.verify("wrong horse", None)
    hasher.close()
    assert costs[0] == costs[1]
    assert len(costs) == 2


async def test_no_more_hashes_run_at_once_than_there_are_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    hasher = Argon2PasswordHasher(memory_kib=8, passes=1, threads=2)
    running, most, lock = 0, 0, threading.Lock()
    both_run = threading.Barrier(2)

    def hash_slowly(_: bytes) -> str:
        nonlocal running, most
        with lock:
            running += 1
            most = max(most, running)
        both_run.wait(timeout=10)  # goes on only when two are inside, so this test also proves that two may run
        with lock:
            running -= 1
        return "hash"

    monkeypatch.setattr(hasher, "_argon2", type("Slow", (), {"hash": staticmethod(hash_slowly)}))
    await asyncio.gather(*(hasher.hash("correct horse") for _ in range(8)))
    hasher.close()
    assert most == 2
