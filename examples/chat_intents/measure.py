"""Measure how long an answer takes, with and without the cache: ``python -m chat_intents.measure [REDIS_URL]``."""

import asyncio
import sys
import time
from collections.abc import Callable, Sequence
from statistics import quantiles
from typing import Final

from dishka import Provider, Scope

from chat_intents.application.commands.classify_intent import ClassifyIntentCommand, ClassifyIntentInteractor
from chat_intents.application.dto.intent_result import Source
from chat_intents.application.ports.conversations import NoConversations
from chat_intents.application.ports.intent_cache import IntentCache
from chat_intents.domain.errors import StoreFailedError
from chat_intents.domain.follow_ups import is_follow_up
from chat_intents.domain.intent import Classification
from chat_intents.domain.splitting import split_message
from chat_intents.infrastructure.adapters.memory_intent_cache import MemoryIntentCache
from chat_intents.infrastructure.adapters.ngram_classifier import NgramClassifier
from chat_intents.infrastructure.adapters.redis_client import quick_client
from chat_intents.infrastructure.adapters.redis_intent_cache import RedisIntentCache
from chat_intents.infrastructure.ngrams.labelled_messages import read_labelled, split
from chat_intents.infrastructure.ngrams.model import NgramModel
from duolog import Application

_ROUNDS: Final = 5
_MICROSECONDS: Final = 1e6


class _NoCache:
    """Keeps nothing."""

    async def get(self, key: str) -> Classification | None:
        del key
        return None

    async def set(self, key: str, classification: Classification) -> None:
        del key, classification


async def measure(redis_url: str = "") -> list[str]:
    """Return the rows of a Markdown table: the held-out messages through the application, one after the other.

    Args:
        redis_url: a Valkey or Redis server whose cache is measured as well.

    Raises:
        StoreFailedError: that server does not answer.
    """
    classifier = NgramClassifier(NgramModel.load())
    held_out = [message.text for message in split(read_labelled()).held_out]
    plain = [text for text in held_out if not is_follow_up(text) and len(split_message(text)) == 1]
    kept = [text for text in plain if await _is_sure(classifier, text)]
    rows = ["| one message after another, in process | p50 | p99 |", "|---|---|---|"]
    rows.append(await _row("classified, without a cache", classifier, _NoCache(), plain, None))
    rows.append(await _row("classified, and kept in memory", classifier, MemoryIntentCache(), kept, Source.CLASSIFIER))
    rows.append(await _row("found in memory", classifier, MemoryIntentCache(), kept, Source.CACHE))
    if redis_url:
        client = quick_client(redis_url)
        try:
            for name, source in (
                ("classified, and kept in Valkey", Source.CLASSIFIER),
                ("found in Valkey", Source.CACHE),
            ):
                prefix = f"intents:measured:{time.time_ns()}:"
                cache = RedisIntentCache(client, prefix=prefix, kept_seconds=60)
                rows.append(await _row(name, classifier, cache, kept, source))
        finally:
            await client.aclose()
    return rows


async def _is_sure(classifier: NgramClassifier, text: str) -> bool:
    cache = MemoryIntentCache()
    await ClassifyIntentInteractor(classifier, cache).execute(ClassifyIntentCommand(text, "c", "u"))
    return len(cache) > 0


async def _row(
    name: str, classifier: NgramClassifier, cache: IntentCache, texts: Sequence[str], source: Source | None
) -> str:
    """Measure one row.

    Args:
        name: of the row.
        classifier: the classifier.
        cache: the cache.
        texts: what is asked.
        source: where answers must come from; None does not ask.
    """
    async with _application(lambda: ClassifyIntentInteractor(classifier, cache, NoConversations())) as app:
        durations: list[float] = []
        for number in range(_ROUNDS):
            # Another mark makes another message of it, of hardly another intent.
            marked = [f"{text} \u00b7{number if source is not Source.CACHE else ''}" for text in texts]
            if source is Source.CACHE and number == 0:
                for text in marked:
                    await app.execute(ClassifyIntentCommand(text, "c", "u"))
            for text in marked:
                began = time.perf_counter()
                result = await app.execute(ClassifyIntentCommand(text, "c", "u"))
                took = time.perf_counter() - began
                if source is None or result.source is source:
                    durations.append(took)
    if len(durations) < len(texts):
        reason = f"{name}: too few answers came from the {source}"
        raise StoreFailedError(reason)
    cuts = quantiles(durations, n=100)
    return f"| {name} | {cuts[49] * _MICROSECONDS:.0f} \u00b5s | {cuts[98] * _MICROSECONDS:.0f} \u00b5s |"


def _application(interactor: Callable[[], ClassifyIntentInteractor]) -> Application:
    provider = Provider(scope=Scope.APP)
    provider.provide(interactor, provides=ClassifyIntentInteractor)
    return Application(
        "chat_intents",
        database="memory://",
        handlers=[ClassifyIntentCommand.handled_by(ClassifyIntentInteractor)],
        providers=[provider],
        secret="for a measurement only",
    )


def main() -> None:
    """Print the table."""
    rows = asyncio.run(measure(*sys.argv[1:2]))
    sys.stdout.write("\n".join([*rows, ""]))


if __name__ == "__main__":
    main()
