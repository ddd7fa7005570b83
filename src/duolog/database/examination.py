"""What a database says of its own health."""

from dataclasses import dataclass
from enum import Enum


class Level(Enum):
    """How bad it is."""

    WELL = "well"
    RISK = "risk"
    FAULT = "fault"


@dataclass(frozen=True, slots=True)
class Examination:
    """One thing that was looked at.

    Attributes:
        subject: what was looked at, in a few words.
        level: a fault needs somebody now; a risk is worth knowing.
        found: what was found.
        advice: what to do about it; empty if it is well.
    """

    subject: str
    level: Level
    found: str
    advice: str = ""
