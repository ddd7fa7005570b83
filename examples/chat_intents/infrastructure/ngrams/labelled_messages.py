"""The labelled messages, and which of them are held out."""

import csv
import hashlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Final

from chat_intents.domain.intent import Intent
from chat_intents.domain.normalised import normalised

LABELLED_MESSAGES: Final = Path(__file__).with_name("labelled_messages.csv")

_HELD_OUT: Final = 0.25
_NEAR: Final = 0.5
_LETTERS: Final = 3


@dataclass(frozen=True, slots=True)
class LabelledMessage:
    """A message of which somebody has said what is wanted.

    Attributes:
        intent: what is wanted.
        language: ``ko`` or ``en``.
        text: the message.
    """

    intent: Intent
    language: str
    text: str


@dataclass(frozen=True, slots=True)
class Split:
    """The messages to learn from, and those that are only ever measured with.

    Attributes:
        training: learned from.
        held_out: measured with.
    """

    training: Sequence[LabelledMessage]
    held_out: Sequence[LabelledMessage]


def read_labelled(path: Path = LABELLED_MESSAGES) -> list[LabelledMessage]:
    """Read a CSV file with the columns ``intent``, ``language`` and ``message``.

    Raises:
        OSError: it cannot be read.
        ValueError: it has an unknown intent, or other columns.
    """
    with path.open(encoding="utf-8", newline="") as file:
        rows = csv.DictReader(file)
        if rows.fieldnames != ["intent", "language", "message"]:
            message = f"{path} has the columns {rows.fieldnames}, not intent, language and message"
            raise ValueError(message)
        return [LabelledMessage(Intent(row["intent"]), row["language"], row["message"]) for row in rows]


def split(messages: Sequence[LabelledMessage]) -> Split:
    """Hold a quarter of each intent's messages out in each language, chosen by their digests.

    A held-out message whose near-duplicate would be learned from is learned from as well: what is measured is how
    messages are understood that nobody has seen, not how well copies are remembered.
    """
    training: list[LabelledMessage] = []
    held_out: list[LabelledMessage] = []
    by_kind = sorted(messages, key=lambda each: (each.intent, each.language, _digest(each.text)))
    for _, group in groupby(by_kind, key=lambda each: (each.intent, each.language)):
        kind = list(group)
        count = round(len(kind) * _HELD_OUT)
        held_out += kind[:count]
        training += kind[count:]
    known = _Known()
    known.add(training)
    while near := [each for each in held_out if known.has_near(each.text)]:  # what moves may be near to others
        held_out = [each for each in held_out if each not in near]
        known.add(near)
        training += near
    return Split(training, held_out)


class _Known:
    """Texts that are learned from, found by the letter triples that they have in common with another."""

    def __init__(self) -> None:
        self._triples: list[frozenset[str]] = []
        self._places: dict[str, list[int]] = {}

    def add(self, messages: Sequence[LabelledMessage]) -> None:
        for message in messages:
            triples = letter_triples(message.text)
            for triple in triples:
                self._places.setdefault(triple, []).append(len(self._triples))
            self._triples.append(triples)

    def has_near(self, text: str) -> bool:
        triples = letter_triples(text)
        common = Counter(place for triple in triples for place in self._places.get(triple, ()))
        return any(
            count >= _NEAR * (len(triples) + len(self._triples[place]) - count) for place, count in common.items()
        )


def letter_triples(text: str) -> frozenset[str]:
    """Return the triples of letters in a text; two texts with half of theirs in common are near-duplicates."""
    letters = "".join(filter(str.isalnum, normalised(text)))
    return frozenset(letters[at : at + _LETTERS] for at in range(max(1, len(letters) - _LETTERS + 1)))


def _digest(text: str) -> str:
    return hashlib.sha256(normalised(text).encode()).hexdigest()
