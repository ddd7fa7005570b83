"""What the classifier sees of a message: its character n-grams, weighted."""

import math
import unicodedata
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Final

from chat_intents.domain.normalised import normalised

# Hangul is taken apart into its letters, so that the forms of one Korean verb have n-grams in common; a syllable has
# two or three letters, which is why the longest n-gram is longer than English alone would need.
SHORTEST: Final = 2
LONGEST: Final = 5


def ngrams(message: str) -> Counter[str]:
    """Count a message's n-grams; a space stands at each end, as it does around every word."""
    text = f" {unicodedata.normalize('NFD', normalised(message))} "
    return Counter(
        text[start : start + length]
        for length in range(SHORTEST, LONGEST + 1)
        for start in range(len(text) - length + 1)
    )


class Vocabulary:
    """The n-grams that were seen often enough, with how much each tells.

    Args:
        weights: the inverse document frequency of each n-gram, by n-gram; the order gives them their numbers.
    """

    __slots__ = ("_places",)

    def __init__(self, weights: Mapping[str, float]) -> None:
        self._places = {ngram: (number, weight) for number, (ngram, weight) in enumerate(weights.items())}

    def __len__(self) -> int:
        return len(self._places)

    def vector(self, message: str) -> list[tuple[int, float]]:
        """Return the numbers and values of a message's known n-grams; the values' squares sum to 1."""
        found: list[tuple[int, float]] = []
        square = 0.0
        places = self._places
        for ngram, count in ngrams(message).items():
            place = places.get(ngram)
            if place is not None:
                value = (1.0 + math.log(count)) * place[1]
                found.append((place[0], value))
                square += value * value
        scale = 1.0 / math.sqrt(square) if square else 0.0
        return [(number, value * scale) for number, value in found]


def inverse_frequencies(messages: Sequence[str], least: int) -> dict[str, float]:
    """Return the n-grams that stand in ``least`` messages or more, with their inverse document frequencies.

    Args:
        messages: those to learn from.
        least: n-grams of fewer messages are left out.
    """
    seen = Counter(ngram for message in messages for ngram in ngrams(message))
    often = sorted((ngram, count) for ngram, count in seen.items() if count >= least)
    return {ngram: 1.0 + math.log((1 + len(messages)) / (1 + count)) for ngram, count in often}
