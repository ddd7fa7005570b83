"""What a message wants, as callers get it."""

from dataclasses import dataclass
from enum import StrEnum

from chat_intents.domain.intent import Intent


class Source(StrEnum):
    """Where a classification comes from."""

    CLASSIFIER = "classifier"
    CACHE = "cache"


@dataclass(frozen=True, slots=True)
class IntentPart:
    """One of several things that a message wants.

    Attributes:
        text: the part of the message.
        intent: what it wants.
        confidence: how probable that is, from 0 to 1.
        source: where the classification comes from.
    """

    text: str
    intent: Intent
    confidence: float
    source: Source


@dataclass(frozen=True, slots=True)
class IntentResult:
    """What a message wants.

    Attributes:
        intent: what it wants; of several things, the first.
        confidence: how probable that is, from 0 to 1.
        source: ``cache`` if nothing of the message had to be classified.
        parts: all that it wants, in order, if it wants several things; else empty.
    """

    intent: Intent
    confidence: float
    source: Source
    parts: tuple[IntentPart, ...] = ()
