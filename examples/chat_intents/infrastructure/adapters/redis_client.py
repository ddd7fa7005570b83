"""Connections to Valkey or Redis that give up soon: an answer that needs no store must not wait for one."""

from collections.abc import Generator
from contextlib import contextmanager
from typing import Final

from redis.asyncio import Redis
from redis.exceptions import RedisError

from chat_intents.domain.errors import StoreFailedError

_SECONDS: Final = 0.25


def quick_client(url: str, *, seconds: float = _SECONDS) -> Redis:
    """Make a client that tries everything once, and reads bytes.

    Args:
        url: like ``redis://127.0.0.1:6379/0``.
        seconds: how long connecting and each answer may take, in seconds.
    """
    return Redis.from_url(  # pyright: ignore[reportUnknownMemberType] - the driver's options have no types
        url, socket_timeout=seconds, socket_connect_timeout=seconds, retry=None
    )


def is_redis_url(url: str) -> bool:
    """Tell whether the driver can read a URL; nothing is connected to."""
    try:
        _ = quick_client(url)
    except ValueError:
        return False
    return True


@contextmanager
def failures_told() -> Generator[None]:
    """Tell the errors of the driver as `StoreFailedError`; their texts may name the server and what was sent."""
    try:
        yield
    except (RedisError, OSError) as error:
        raise StoreFailedError(type(error).__name__) from error
