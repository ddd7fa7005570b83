"""What somebody may want."""

from dataclasses import dataclass
from enum import StrEnum


class Intent(StrEnum):
    """The ten intents of a recycling assistant."""

    WASTE = "waste"
    CHARACTER = "character"
    LOCATION = "location"
    BULK_WASTE = "bulk_waste"
    RECYCLABLE_PRICE = "recyclable_price"
    COLLECTION_POINT = "collection_point"
    WEATHER = "weather"
    IMAGE_GENERATION = "image_generation"
    WEB_SEARCH = "web_search"
    GENERAL = "general"


@dataclass(frozen=True, slots=True)
class Classification:
    """What a classifier makes of a message.

    Attributes:
        intent: what is wanted; `Intent.GENERAL` where nothing else fits, or nothing is known.
        confidence: how probable the classifier takes that to be, from 0 to 1.
    """

    intent: Intent
    confidence: float
