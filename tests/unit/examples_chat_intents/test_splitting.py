"""Where a message is divided, and where not."""

import time
from dataclasses import dataclass, field

import pytest

from chat_intents.application.commands.classify_intent import ClassifyIntentCommand, ClassifyIntentInteractor
from chat_intents.domain.intent import Intent
from chat_intents.domain.splitting import MOST_PARTS, split_message
from chat_intents.infrastructure.adapters.memory_intent_cache import MemoryIntentCache
from chat_intents.infrastructure.adapters.ngram_classifier import NgramClassifier
from chat_intents.infrastructure.ngrams.labelled_messages import read_labelled
from chat_intents.infrastructure.ngrams.model import NgramModel


@dataclass
class Asking:
    """The interactor over the model that ships."""

    interactor: ClassifyIntentInteractor = field(
        default_factory=lambda: ClassifyIntentInteractor(NgramClassifier(NgramModel.load()), MemoryIntentCache())
    )

    async def intents(self, message: str) -> list[Intent]:
        result = await self.interactor.execute(ClassifyIntentCommand(message, "c", "u"))
        return [part.intent for part in result.parts] or [result.intent]


@pytest.mark.parametrize(
    ("message", "parts"),
    [
        ("오늘 날씨 어때? 소파 수수료도 알려줘", ("오늘 날씨 어때?", "소파 수수료도 알려줘")),
        ("폐지 시세 알려주고 내일 비 오는지도 말해줘", ("폐지 시세 알려주고", "내일 비 오는지도 말해줘")),
        ("고양이 그림 그려주고 환경 뉴스 찾아줘", ("고양이 그림 그려주고", "환경 뉴스 찾아줘")),
        ("침대 버리는 법 그리고 건전지 수거함 위치", ("침대 버리는 법", "건전지 수거함 위치")),
        ("draw a cat and tell me the weather in Seoul", ("draw a cat", "tell me the weather in Seoul")),
        ("How much is copper? Where is the clothes bin?", ("How much is copper?", "Where is the clothes bin?")),
        ("search the news, and also show my characters", ("search the news", "show my characters")),
        ("will it rain today\nwhere can I sell cans", ("will it rain today", "where can I sell cans")),
    ],
)
def test_a_message_is_divided_where_another_request_begins(message: str, parts: tuple[str, ...]) -> None:
    """At the ends of sentences and at words that begin one."""
    assert split_message(message) == parts


@pytest.mark.parametrize(
    "message",
    [
        "Do bottles and cans go into one bin?",
        "I have a sofa. How do I throw it away?",
        "Thanks! Bye.",
        "Find and show articles",
        "소파를 버리고 싶은데 어떻게 해요",
        "종이랑 비닐 그리고 캔",
        "의자가 두 개 있어요. 그건 어떻게 버려요?",
        "씻고 말려서 버리면 되나요",
        "안녕! 잘 지냈어?",
        "...",
        "weather",
    ],
)
def test_one_request_stays_whole(message: str) -> None:
    """Whatever lists things, points back, or is too short to be a request."""
    assert split_message(message) == (message,)


def test_parts_are_bounded() -> None:
    """What comes after the last one stays with it, and no word is lost."""
    message = " ".join(f"What is the price of metal {number}?" for number in range(20))
    parts = split_message(message)
    assert len(parts) == MOST_PARTS
    assert " ".join(parts) == message


@pytest.mark.parametrize(
    "text", [" " * 2_000, "a," + " " * 1_998, "\n" * 2_000, "그리고 " * 500, "and " * 500, "? " * 1_000]
)
def test_no_text_takes_long(text: str) -> None:
    """The longest message of the worst kind is divided at once."""
    began = time.perf_counter()
    split_message(text)
    assert time.perf_counter() - began < 0.5


async def test_each_part_gets_its_own_intent() -> None:
    """By the model that ships, in Korean and English."""
    asking = Asking()
    assert await asking.intents("소파 수수료 얼마야? 내일 날씨도 알려줘") == [Intent.BULK_WASTE, Intent.WEATHER]
    assert await asking.intents("폐지 시세 알려주고 건전지 수거함 위치 찾아줘") == [
        Intent.RECYCLABLE_PRICE,
        Intent.COLLECTION_POINT,
    ]
    assert await asking.intents("Draw a polar bear and tell me the weather in Seoul") == [
        Intent.IMAGE_GENERATION,
        Intent.WEATHER,
    ]
    assert await asking.intents("Search the latest news. Where is the nearest battery bin?") == [
        Intent.WEB_SEARCH,
        Intent.COLLECTION_POINT,
    ]


async def test_hardly_any_message_that_wants_one_thing_is_divided() -> None:
    """Of the labelled messages, which want one thing each: less than one in two hundred."""
    asking = Asking()
    messages = [message.text for message in read_labelled()]
    divided = [message for message in messages if len(await asking.intents(message)) > 1]
    assert len(divided) < len(messages) / 200, divided
