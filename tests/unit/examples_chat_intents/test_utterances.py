"""How messages are read before anybody classifies them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chat_intents.domain.follow_ups import is_follow_up
from chat_intents.domain.normalised import normalised
from chat_intents.domain.utterance import Context, Conversation, Utterance

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)


@given(TEXTS)
def test_what_is_normalised_stays_as_it_is(text: str) -> None:
    """Once is enough."""
    assert normalised(normalised(text)) == normalised(text)


PLACES = st.builds(Conversation, TEXTS, TEXTS)
FOLLOW_UPS = st.builds(Utterance, TEXTS, st.builds(Context, PLACES, TEXTS))


@given(FOLLOW_UPS, FOLLOW_UPS, TEXTS, TEXTS)
def test_whatever_an_answer_depends_on_is_in_its_key(
    one: Utterance, other: Utterance, version: str, other_version: str
) -> None:
    """Two tenants share nothing: what differs in user, conversation, context, text or version has another key."""
    assert one.key(version) != Utterance(one.text).key(version)
    assert (one.key(version) == other.key(other_version)) == ((version, *means(one)) == (other_version, *means(other)))


def means(utterance: Utterance) -> tuple[object, ...]:
    assert utterance.context is not None
    return normalised(utterance.text), utterance.context.conversation, normalised(utterance.context.text)


def test_a_key_tells_nothing_of_what_was_said() -> None:
    """It is a digest of a fixed length."""
    key = Utterance("my secret", Context(Conversation("me", "here"), "another secret")).key("v")
    assert len(key) == 64
    assert set(key) <= set("0123456789abcdef")


@pytest.mark.parametrize(
    "text",
    [
        "what about the lid?",
        "And tomorrow?",
        "how much is it?",
        "Where can I throw it?",
        "ok, how about glass",
        "why?",
        "그럼 뚜껑은?",
        "그건 어디에 버려요?",
        "내일은?",
        "얼마야?",
        "그러면 유리병은 어떻게 해요",
        "이거도 돼?",
    ],
)
def test_a_short_text_that_points_back_is_a_follow_up(text: str) -> None:
    """In both languages."""
    assert is_follow_up(text)


@pytest.mark.parametrize(
    "text",
    [
        "how much is a kilo of copper?",
        "What's the weather like in Seoul?",
        "android phone disposal",
        "Is the recycling centre open on Sundays?",
        "How much is it to have a wardrobe and a sofa collected from the third floor?",
        "오늘 날씨 어때?",
        "그림 그려줘",
        "그릇은 어떻게 버려요",
        "소파 버리는 비용이 얼마야?",
        "어디에 건전지 수거함이 있어?",
        "그건 그렇고 이번 주말에 부산에서 비가 올지 눈이 올지 궁금한데 알려줄 수 있어요?",
    ],
)
def test_a_text_that_says_what_is_wanted_is_none(text: str) -> None:
    """Even if it is short, or has such a word."""
    assert not is_follow_up(text)
