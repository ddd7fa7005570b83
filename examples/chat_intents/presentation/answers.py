"""What is answered, over HTTP and by workers."""

from typing import NotRequired

from typing_extensions import TypedDict  # that of Python 3.11 cannot be documented by pydantic

from chat_intents.application.dto.intent_result import IntentResult


class PartAnswer(TypedDict):
    """One of several things that a message wants."""

    text: str
    intent: str
    confidence: float
    source: str


class IntentAnswer(TypedDict):
    """What a message wants; ``parts`` only where it wants several things."""

    intent: str
    confidence: float
    source: str
    parts: NotRequired[list[PartAnswer]]


def intent_answer(result: IntentResult) -> IntentAnswer:
    """Show a result."""
    answer = IntentAnswer(intent=result.intent.value, confidence=result.confidence, source=result.source.value)
    if result.parts:
        answer["parts"] = [
            PartAnswer(text=part.text, intent=part.intent.value, confidence=part.confidence, source=part.source.value)
            for part in result.parts
        ]
    return answer
