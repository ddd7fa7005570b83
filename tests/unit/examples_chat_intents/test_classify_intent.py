"""The rules of the cache, and what a message is understood from."""

import asyncio
import logging

import pytest

from chat_intents.application.dto.intent_result import Source
from chat_intents.domain.errors import UnusableMessageError
from chat_intents.domain.intent import Intent
from chat_intents.domain.utterance import Context, Conversation, Utterance
from chat_intents.infrastructure.adapters.memory_intent_cache import MemoryIntentCache
from tests.unit.examples_chat_intents.asking import Assistant, BrokenStore, TableClassifier
from tests.unit.metering import Metering, metering

__all__ = ["metering"]

WEATHER = {"how is the weather": Intent.WEATHER}


async def test_the_second_time_the_answer_comes_from_the_cache() -> None:
    """The classifier is asked once; the answer is the same."""
    classifier = TableClassifier(WEATHER)
    assistant = Assistant(classifier)
    first = await assistant.ask("how is the weather")
    second = await assistant.ask("how is the weather", conversation="another", user="somebody else")
    assert (first.intent, first.confidence, first.source) == (Intent.WEATHER, 0.9, Source.CLASSIFIER)
    assert (second.intent, second.confidence, second.source) == (Intent.WEATHER, 0.9, Source.CACHE)
    assert len(classifier.asked) == 1


@pytest.mark.parametrize("same", ["  how is  the weather ", "How Is The Weather", "\uff48ow is the\u3000weather"])
async def test_messages_that_mean_the_same_share_an_answer(same: str) -> None:
    """Case, spaces and compatibility forms tell nothing."""
    assistant = Assistant(TableClassifier(WEATHER))
    await assistant.ask("how is the weather")
    assert (await assistant.ask(same)).source is Source.CACHE


async def test_another_version_of_the_classifier_has_answers_of_its_own() -> None:
    """After a change of the model nothing of the old one is served, and both may run side by side."""
    cache = MemoryIntentCache()
    old = TableClassifier(WEATHER, version="model:1")
    new = TableClassifier({"how is the weather": Intent.WEB_SEARCH}, version="model:2")
    await Assistant(old, cache=cache).ask("how is the weather")
    told = await Assistant(new, cache=cache).ask("how is the weather")
    assert (told.intent, told.source) == (Intent.WEB_SEARCH, Source.CLASSIFIER)
    assert (await Assistant(old, cache=cache).ask("how is the weather")).intent is Intent.WEATHER


async def test_what_the_classifier_is_not_sure_of_is_not_kept() -> None:
    """A guess is given as such, and made again."""
    classifier = TableClassifier(WEATHER, confidence=0.4)
    cache = MemoryIntentCache()
    assistant = Assistant(classifier, cache=cache)
    for _ in range(2):
        assert (await assistant.ask("how is the weather")).source is Source.CLASSIFIER
    assert (len(classifier.asked), len(cache)) == (2, 0)


async def test_a_follow_up_is_understood_from_what_was_said_before() -> None:
    """The last message that spoke for itself is its context, also over several follow-ups."""
    classifier = TableClassifier(WEATHER)
    assistant = Assistant(classifier)
    await assistant.ask("how is the weather")
    await assistant.ask("what about tomorrow?")
    await assistant.ask("and on Sunday?")
    await assistant.ask("thank you very much")  # which is about nothing
    await assistant.ask("or on Monday?")
    context = Context(Conversation("u", "c"), "how is the weather")
    assert [utterance for utterance in classifier.asked if utterance.context is not None] == [
        Utterance(text, context) for text in ("what about tomorrow?", "and on Sunday?", "or on Monday?")
    ]


async def test_the_answer_to_a_follow_up_is_never_shared() -> None:
    """Neither with another conversation, nor with another user's of the same id, nor after the context has changed."""
    classifier = TableClassifier(otherwise=Intent.WEATHER)
    assistant = Assistant(classifier)
    places = [("c", "u"), ("d", "u"), ("c", "v")]
    for conversation, user in places:
        await assistant.ask("how is the weather", conversation=conversation, user=user)
        told = await assistant.ask("what about tomorrow?", conversation=conversation, user=user)
        assert told.source is Source.CLASSIFIER
        again = await assistant.ask("what about tomorrow?", conversation=conversation, user=user)
        assert again.source is Source.CACHE
    await assistant.ask("is the shop open today")
    assert (await assistant.ask("what about tomorrow?")).source is Source.CLASSIFIER


async def test_without_its_context_a_follow_up_is_answered_and_not_kept() -> None:
    """Whether something was said before is unknown, so that the answer is nobody else's."""
    classifier = TableClassifier()
    cache = MemoryIntentCache()
    assistant = Assistant(classifier, cache=cache, conversations=BrokenStore())
    for _ in range(2):
        assert (await assistant.ask("what about tomorrow?")).source is Source.CLASSIFIER
    assert (len(classifier.asked), len(cache)) == (2, 0)


async def test_a_failing_store_changes_no_answer_and_is_told(
    metering: Metering, caplog: pytest.LogCaptureFixture
) -> None:
    """It is logged and counted, without what was said."""
    broken = BrokenStore()
    assistant = Assistant(TableClassifier(WEATHER), cache=broken, conversations=broken)
    with caplog.at_level(logging.WARNING, "chat_intents"):
        told = await assistant.ask("how is the weather")
        await assistant.ask("what about tomorrow?")
    assert (told.intent, told.source) == (Intent.WEATHER, Source.CLASSIFIER)
    points = metering.points("chat_intents")
    counted = {str(point.attributes["operation"]): point.value for point in points["chat_intents.store.failures"]}
    assert counted == {
        "noting a conversation": 1,
        "reading the cache": 1,
        "writing the cache": 1,
        "reading a conversation": 1,
    }
    assert len(caplog.records) == 4
    assert "weather" not in caplog.text
    assert "tomorrow" not in caplog.text


async def test_what_becomes_of_questions_to_the_cache_is_counted(metering: Metering) -> None:
    """Hits, misses, and answers that are not kept."""
    assistant = Assistant(TableClassifier(WEATHER))
    for _ in range(3):
        await assistant.ask("how is the weather")
    await Assistant(TableClassifier(confidence=0.1)).ask("hello you")
    points = metering.points("chat_intents")["chat_intents.cache"]
    assert {str(point.attributes["outcome"]): point.value for point in points} == {
        "hit": 2,
        "miss": 1,
        "low_confidence": 1,
    }


async def test_those_who_ask_the_same_at_once_wait_for_one_answer() -> None:
    """A hundred questions are one for the classifier, also when nothing of it will be kept."""
    classifier = TableClassifier(WEATHER, confidence=0.1)
    classifier.open.clear()
    assistant = Assistant(classifier)
    asking = [asyncio.create_task(assistant.ask("how is the weather", user=str(who))) for who in range(100)]
    await classifier.called.wait()
    classifier.open.set()
    assert {(await each).intent for each in asking} == {Intent.WEATHER}
    assert len(classifier.asked) == 1


async def test_a_message_that_wants_several_things_is_answered_in_parts() -> None:
    """Each part is classified and kept; the first says what the whole is."""
    texts = {"draw me a cat.": Intent.IMAGE_GENERATION, "Is it raining in Seoul?": Intent.WEATHER}
    classifier = TableClassifier(texts)
    assistant = Assistant(classifier)
    await assistant.ask("draw me a cat.")
    told = await assistant.ask("draw me a cat. Is it raining in Seoul?")
    assert [(part.text, part.intent) for part in told.parts] == list(texts.items())
    assert [part.source for part in told.parts] == [Source.CACHE, Source.CLASSIFIER]
    assert (told.intent, told.source) == (Intent.IMAGE_GENERATION, Source.CLASSIFIER)
    assert (await assistant.ask("draw me a cat. Is it raining in Seoul?")).source is Source.CACHE


async def test_parts_that_want_the_same_are_one_request() -> None:
    """It is classified as a whole; so is a question after a greeting."""
    whole = dict.fromkeys(("I go hiking on Sunday. Will it rain?", "Good morning! Will it rain?"), Intent.WEATHER)
    classifier = TableClassifier({**whole, "I go hiking on Sunday.": Intent.WEATHER, "Will it rain?": Intent.WEATHER})
    for text in whole:
        told = await Assistant(classifier).ask(text)
        assert (told.intent, told.parts) == (Intent.WEATHER, ())
        assert classifier.asked[-1].text == text


@pytest.mark.parametrize("message", [" ", "\u3000\n", "\ud800", "cat \udfff"])
async def test_what_is_no_text_is_refused(message: str) -> None:
    """Nobody is asked about it."""
    classifier = TableClassifier()
    with pytest.raises(UnusableMessageError):
        await Assistant(classifier).ask(message)
    assert classifier.asked == []
