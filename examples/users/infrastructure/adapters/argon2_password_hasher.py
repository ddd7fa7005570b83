"""Passwords hashed with argon2id."""

import asyncio
from concurrent.futures import ThreadPoolExecutor

from argon2 import PasswordHasher as Argon2
from argon2 import Type
from argon2.exceptions import VerifyMismatchError

from users.domain.password import LONGEST


class Argon2PasswordHasher:
    """A `PasswordHasher` that leaves the event loop free.

    The defaults are OWASP's (Password Storage Cheat Sheet: argon2id, 19 MiB, 2 passes, 1 lane). Every hash runs in one
    of few threads of its own, so that a flood of sign-ins takes neither all memory nor all processors; a request that
    gives up while it waits is taken out of the queue.

    Args:
        memory_kib: memory of one hash, in KiB.
        passes: how often the memory is gone through.
        threads: how many hashes are computed at once.
    """

    def __init__(self, *, memory_kib: int = 19_456, passes: int = 2, threads: int = 2) -> None:
        self._argon2 = Argon2(time_cost=passes, memory_cost=memory_kib, parallelism=1, type=Type.ID)
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix="argon2")

    async def hash(self, password: str) -> str:
        return await asyncio.get_running_loop().run_in_executor(self._threads, self._argon2.hash, _encoded(password))

    async def verify(self, password: str, password_hash: str | None) -> bool:
        return await asyncio.get_running_loop().run_in_executor(
            self._threads, self._verify, _encoded(password), password_hash
        )

    def close(self) -> None:
        """Let what is being hashed finish, and drop what waits."""
        self._threads.shutdown(wait=True, cancel_futures=True)

    def _verify(self, password: bytes, password_hash: str | None) -> bool:
        if password_hash is None:
            self._argon2.hash(password)  # costs what verifying costs, so that nobody learns who is registered
            return False
        try:
            return self._argon2.verify(password_hash, password)
        except VerifyMismatchError:
            return False


def _encoded(password: str) -> bytes:
    # No password is longer than this, so what is cut off was wrong already and costs no more than any other.
    return password.encode(errors="surrogatepass")[: LONGEST + 1]
