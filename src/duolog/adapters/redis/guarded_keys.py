"""Guarded keys in Valkey or Redis."""

from collections.abc import Generator, Sequence
from contextlib import contextmanager
from importlib.resources import files
from typing import Any, Final

from redis.asyncio import Redis
from redis.exceptions import RedisError

from duolog.errors import ConfigurationError, DatabaseError, ForeignViewError
from duolog.projections.guarded_keys import KeyWrite, WriteSteps

_WRITE: Final = (files("duolog.adapters.redis") / "write_key.lua").read_text(encoding="utf-8")
_VALUE: Final = "value"


class RedisGuardedKeys:
    """A `GuardedKeys` in Valkey 7.2 or Redis 6.2 and later.

    A key is a hash with the fields ``value``, ``log`` and ``guard``: a script compares and writes it in one step. Who
    only reads it asks for ``HGET key value``. The server must not evict keys (``maxmemory-policy noeviction``): what it
    forgets, no event brings back.

    Args:
        client: the connections, which stay the caller's; without ``decode_responses``.
        log_id: identity of the log that is followed (`EventStore.log_id`).
        namespace: comes before every key, like ``user_names:2``; with the projection's version in it, another version
            builds its keys beside those of the former one.
        tombstone_seconds: for how long deletions are remembered: longer than a repeated event may take to come.

    Raises:
        ConfigurationError: the client decodes what it reads.
    """

    __slots__ = ("_client", "_log_id", "_namespace", "_steps", "_tombstone")

    def __init__(self, client: Redis, log_id: str, *, namespace: str, tombstone_seconds: float = 7 * 86_400.0) -> None:
        if client.connection_pool.connection_kwargs.get("decode_responses"):
            message = "the client decodes what it reads, but the values of guarded keys are bytes"
            raise ConfigurationError(message, hint="Make it without `decode_responses=True`.")
        self._client = client
        self._log_id = log_id
        self._namespace = namespace
        self._tombstone = max(1, round(tombstone_seconds * 1_000))
        self._steps = WriteSteps()

    async def write(self, writes: Sequence[KeyWrite]) -> int:
        """Write keys in one round trip; see `GuardedKeys.write`."""
        if not writes:
            return 0
        with _reported():
            async with self._client.pipeline(transaction=False) as pipeline:
                for write in writes:
                    what = "delete" if write.value is None else "put"
                    guard, value = self._steps.guard(write), write.value or b""
                    given = (self._log_id, guard, what, value, str(self._tombstone))
                    _ = pipeline.eval(_WRITE, 1, self._key(write.key), *given)  # `execute` sends it
                answers: list[object] = await pipeline.execute()
        for write, answer in zip(writes, answers, strict=True):
            if isinstance(answer, bytes):
                raise ForeignViewError(key=write.key, found=answer.decode(), expected=self._log_id)
        return answers.count(1)

    async def put(self, key: str, value: bytes, *, position: int) -> bool:
        """Write one key; see `GuardedKeys.put`."""
        return await self.write((KeyWrite(key, value, position),)) == 1

    async def delete(self, key: str, *, position: int) -> bool:
        """Delete one key; see `GuardedKeys.delete`."""
        return await self.write((KeyWrite(key, None, position),)) == 1

    async def get(self, key: str) -> bytes | None:
        """Return a key's value; see `GuardedKeys.get`."""
        with _reported():
            value: Any = await self._client.hget(self._key(key), _VALUE)
        return None if value is None else bytes(value)

    def _key(self, key: str) -> str:
        return f"{self._namespace}:{key}"


@contextmanager
def _reported() -> Generator[None]:
    try:
        yield
    except (RedisError, OSError) as error:
        message = f"the server of the guarded keys failed: {type(error).__name__}"
        hint = "Look after Valkey or Redis; the projection goes on when it answers."
        raise DatabaseError(message, hint=hint) from error
