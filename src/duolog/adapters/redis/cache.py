"""The level of the query cache that processes share, in Valkey or Redis."""

from importlib.resources import files
from typing import Any, Final

from redis.asyncio import Redis

from duolog.errors import ConfigurationError
from duolog.read.caching.entry import CacheEntry, ViewsRead

_FILL: Final = (files("duolog.adapters.redis") / "fill_answer.lua").read_text(encoding="utf-8")
_NUMBER: Final = 20
_VERSION: Final = 3 * _NUMBER
_TAG: Final = 32
_END: Final = b"|"


class RedisCache:
    """A `CacheLevel` in Valkey 7.2 or Redis 6.2 and later.

    An entry is one string: what the views had come to, as digits of fixed width, which a script compares before it
    writes; then position, tag and answer. The server may evict entries (``maxmemory-policy allkeys-lru`` suits it); use
    another one than for guarded keys, which must not be evicted.

    Args:
        client: the connections, which stay the caller's; without ``decode_responses``.
        namespace: comes before every key.
        keep_seconds: for how long an answer is kept that nobody replaces.

    Raises:
        ConfigurationError: the client decodes what it reads.
    """

    __slots__ = ("_client", "_fill", "_keep", "_namespace")

    def __init__(self, client: Redis, *, namespace: str = "duolog:cache", keep_seconds: float = 3_600.0) -> None:
        if client.connection_pool.connection_kwargs.get("decode_responses"):
            message = "the client decodes what it reads, but cached answers are bytes"
            raise ConfigurationError(message, hint="Make it without `decode_responses=True`.")
        self._client = client
        self._fill: Any = client.register_script(_FILL)
        self._namespace = namespace.encode()
        self._keep = max(1, round(keep_seconds * 1_000))

    async def get(self, key: bytes) -> CacheEntry | None:
        """Return what is kept under a key, or None; see `CacheLevel.get`.

        Raises:
            redis.RedisError: the server failed.
            ValueError: something else is kept under the key.
        """
        kept: Any = await self._client.get(self._key(key))
        return None if kept is None else _entry(bytes(kept))

    async def fill(self, key: bytes, entry: CacheEntry) -> bool:
        """Keep an answer, unless a newer one is kept under the key; see `CacheLevel.fill`.

        Raises:
            redis.RedisError: the server failed.
        """
        views = entry.views
        versions = "".join(f"{number:0{_NUMBER}}" for version in views.versions for number in version).encode()
        rest = b"|%0*d%s|%s" % (_NUMBER, views.position, views.tag.encode().ljust(_TAG), entry.data)
        return bool(await self._fill(keys=[self._key(key)], args=[versions, rest, self._keep]))

    def _key(self, key: bytes) -> bytes:
        return self._namespace + b":" + key


def _entry(kept: bytes) -> CacheEntry:
    end = kept.index(_END)
    versions = tuple(_version(kept[at : at + _VERSION]) for at in range(0, end, _VERSION))
    position, tag = end + 1 + _NUMBER, end + 1 + _NUMBER + _TAG
    if kept[tag : tag + 1] != _END:
        message = "this is no entry of a query cache"
        raise ValueError(message)
    views = ViewsRead(versions, int(kept[end + 1 : position]), kept[position:tag].decode().rstrip())
    return CacheEntry(views, kept[tag + 1 :])


def _version(digits: bytes) -> tuple[int, int, int]:
    since, number, changes = (int(digits[at : at + _NUMBER]) for at in range(0, _VERSION, _NUMBER))
    return since, number, changes
