"""The contracts of the intents example's stores, which every adapter keeps."""

import asyncio
from typing import Protocol

import pytest

from chat_intents.application.ports.conversations import Conversations
from chat_intents.application.ports.intent_cache import IntentCache
from chat_intents.domain.intent import Classification, Intent
from chat_intents.domain.utterance import Conversation

WEATHER = Classification(Intent.WEATHER, 0.75)
LONG = 3_600.0


class MakeCache(Protocol):
    """Makes a cache over the test's entries, which all caches of one test share where processes would."""

    def __call__(self, *, kept_seconds: float = LONG) -> IntentCache: ...


class MakeConversations(Protocol):
    """Makes conversations of the test's own."""

    def __call__(self, *, remembered_seconds: float = LONG) -> Conversations: ...


class IntentCacheContract:
    """Every cache keeps classifications in this way. Supply a ``make_cache`` fixture."""

    @pytest.fixture
    def cache(self, make_cache: MakeCache) -> IntentCache:
        return make_cache()

    async def test_what_is_kept_comes_back_as_it_was(self, cache: IntentCache) -> None:
        """Every intent, and confidences at both ends."""
        for intent in Intent:
            for confidence in (0.0, 0.123456789, 1.0):
                await cache.set(intent.value, Classification(intent, confidence))
                assert await cache.get(intent.value) == Classification(intent, confidence)

    async def test_an_unknown_key_has_nothing(self, cache: IntentCache) -> None:
        """It is no error."""
        await cache.set("a", WEATHER)
        assert await cache.get("b") is None

    async def test_the_last_one_stays(self, cache: IntentCache) -> None:
        """A key has one classification."""
        await cache.set("a", WEATHER)
        await cache.set("a", Classification(Intent.WASTE, 0.5))
        assert await cache.get("a") == Classification(Intent.WASTE, 0.5)

    async def test_it_is_forgotten_in_the_end(self, make_cache: MakeCache) -> None:
        """Not before its time, and then it is; writing it again begins its time anew."""
        brief = make_cache(kept_seconds=0.1)
        await brief.set("a", WEATHER)
        assert await brief.get("a") == WEATHER
        async with asyncio.timeout(30):
            while await brief.get("a") is not None:  # noqa: ASYNC110 - nobody tells
                await asyncio.sleep(0.01)
        await brief.set("a", WEATHER)
        assert await brief.get("a") == WEATHER

    async def test_many_at_once_do_not_get_into_each_others_way(self, cache: IntentCache) -> None:
        """Each key keeps its own."""
        kept = {str(number): Classification(Intent.WASTE, number / 100) for number in range(100)}
        await asyncio.gather(*(cache.set(key, each) for key, each in kept.items()))
        assert await asyncio.gather(*map(cache.get, kept)) == list(kept.values())


class ConversationsContract:
    """Every adapter remembers conversations in this way. Supply a ``make_conversations`` fixture."""

    @pytest.fixture
    def conversations(self, make_conversations: MakeConversations) -> Conversations:
        return make_conversations()

    async def test_the_last_message_is_remembered(self, conversations: Conversations) -> None:
        """As it was said, in any language."""
        here = Conversation("u", "c")
        assert await conversations.previous(here) == ""
        for message in ("hello", "소파는 어떻게 버려요? \u2603"):
            await conversations.note(here, message)
            assert await conversations.previous(here) == message

    @pytest.mark.parametrize(
        "other", [Conversation("u", "d"), Conversation("v", "c"), Conversation("uc", ""), Conversation("", "uc")]
    )
    async def test_conversations_are_apart(self, conversations: Conversations, other: Conversation) -> None:
        """Of one user and of several, whatever their ids are."""
        await conversations.note(Conversation("u", "c"), "mine")
        assert await conversations.previous(other) == ""

    async def test_a_conversation_is_forgotten_in_the_end(self, make_conversations: MakeConversations) -> None:
        """Then a follow-up has nothing to point back to."""
        here, brief = Conversation("u", "c"), make_conversations(remembered_seconds=0.1)
        await brief.note(here, "hello")
        async with asyncio.timeout(30):
            while await brief.previous(here):  # noqa: ASYNC110 - nobody tells
                await asyncio.sleep(0.01)
