"""What is bound to the ports."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import httpx
from dishka import Provider, Scope
from redis.asyncio import Redis

from chat_intents.application.commands.classify_intent import ClassifyIntentInteractor
from chat_intents.application.ports.conversations import Conversations
from chat_intents.application.ports.intent_cache import IntentCache
from chat_intents.application.ports.intent_classifier import IntentClassifier
from chat_intents.infrastructure.adapters.memory_conversations import MemoryConversations
from chat_intents.infrastructure.adapters.memory_intent_cache import MemoryIntentCache
from chat_intents.infrastructure.adapters.ngram_classifier import NgramClassifier
from chat_intents.infrastructure.adapters.openai_classifier import Endpoint, OpenAiClassifier
from chat_intents.infrastructure.adapters.redis_client import quick_client
from chat_intents.infrastructure.adapters.redis_conversations import RedisConversations
from chat_intents.infrastructure.adapters.redis_intent_cache import RedisIntentCache
from chat_intents.infrastructure.ngrams.model import NgramModel


@dataclass(frozen=True, slots=True)
class IntentSettings:
    """Which adapters are bound.

    Attributes:
        redis_url: a Valkey or Redis server for the cache and the conversations; empty keeps both in memory.
        endpoint: a language model that classifies; None for the model that runs offline.
    """

    redis_url: str = field(default="", repr=False)
    endpoint: Endpoint | None = None


class IntentsProvider(Provider):
    """Binds the ports.

    Args:
        settings: which adapters.
    """

    scope = Scope.APP

    def __init__(self, settings: IntentSettings) -> None:
        super().__init__()
        self._settings = settings
        self.provide(_interactor)  # one for all, so that equal questions wait for one answer
        if settings.endpoint is None:
            self.provide(_ngram_classifier, provides=IntentClassifier)
        else:
            self.provide(self._openai_classifier, provides=IntentClassifier)
        if settings.redis_url:
            self.provide(self._client)
            self.provide(_redis_cache, provides=IntentCache)
            self.provide(_redis_conversations, provides=Conversations)
        else:
            self.provide(_memory_cache, provides=IntentCache)
            self.provide(_memory_conversations, provides=Conversations)

    async def _client(self) -> AsyncIterator[Redis]:
        client = quick_client(self._settings.redis_url)
        yield client
        await client.aclose()

    async def _openai_classifier(self) -> AsyncIterator[OpenAiClassifier]:
        endpoint = self._settings.endpoint
        if endpoint is None:
            message = "there is no endpoint"
            raise ValueError(message)
        async with httpx.AsyncClient(timeout=endpoint.attempt_seconds, trust_env=False) as client:
            yield OpenAiClassifier(client, endpoint)


def _interactor(
    classifier: IntentClassifier, cache: IntentCache, conversations: Conversations
) -> ClassifyIntentInteractor:
    return ClassifyIntentInteractor(classifier, cache, conversations)


def _ngram_classifier() -> NgramClassifier:
    return NgramClassifier(NgramModel.load())


def _redis_cache(client: Redis) -> RedisIntentCache:
    return RedisIntentCache(client)


def _redis_conversations(client: Redis) -> RedisConversations:
    return RedisConversations(client)


def _memory_cache() -> MemoryIntentCache:
    return MemoryIntentCache()


def _memory_conversations() -> MemoryConversations:
    return MemoryConversations()
