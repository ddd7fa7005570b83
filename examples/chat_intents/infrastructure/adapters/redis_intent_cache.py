"""A cache in Valkey or Redis, for any number of processes."""

from typing import Annotated, Final

import msgspec
from redis.asyncio import Redis

from chat_intents.domain.errors import StoreFailedError
from chat_intents.domain.intent import Classification, Intent
from chat_intents.infrastructure.adapters.memory_intent_cache import KEPT_SECONDS
from chat_intents.infrastructure.adapters.redis_client import failures_told


class _Entry(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """What is stored: a list of two, which no other release reads as something else."""

    intent: Intent
    confidence: Annotated[float, msgspec.Meta(ge=0, le=1)]


_encoder: Final = msgspec.json.Encoder()
_decoder: Final = msgspec.json.Decoder(_Entry)


class RedisIntentCache:
    """Keeps classifications under keys of their own, each for a time; the server bounds how many there are.

    Args:
        client: the connections, which stay the caller's; without ``decode_responses``.
        prefix: comes before every key; the number in it is that of the stored form.
        kept_seconds: so long each is kept, in seconds.
    """

    def __init__(self, client: Redis, *, prefix: str = "intents:1:", kept_seconds: float = KEPT_SECONDS) -> None:
        self._client = client
        self._prefix = prefix
        self._kept = max(1, round(kept_seconds * 1_000))

    async def get(self, key: str) -> Classification | None:
        """Return what is kept under a key; see `IntentCache.get`."""
        with failures_told():
            data = await self._client.get(self._prefix + key)
        if data is None:
            return None
        try:
            entry = _decoder.decode(data)
        except (msgspec.MsgspecError, UnicodeDecodeError) as error:
            reason = "what is kept under a key is no classification"
            raise StoreFailedError(reason) from error
        return Classification(entry.intent, entry.confidence)

    async def set(self, key: str, classification: Classification) -> None:
        """Keep a classification; see `IntentCache.set`."""
        entry = _Entry(classification.intent, classification.confidence)
        with failures_told():
            await self._client.set(self._prefix + key, _encoder.encode(entry), px=self._kept)
