"""Takes a message apart that may want several things."""

import re
from collections.abc import Iterator
from typing import Final

from chat_intents.domain.follow_ups import is_follow_up

MOST_PARTS: Final = 5
_LEAST_LETTERS: Final = 5

_SENTENCE_END: Final = re.compile(r"(?<=[.!?\u3002\uff01\uff1f\u2026])\s+|\n+")
# Words that begin another request. What is left out on purpose: "and" between nouns, "-고" after any other verb.
# White space is only looked at from its beginning, so that no length of it takes long.
_KOREAN_TURN: Final = re.compile(
    r"""(?<!\s)\s++(?:그리고\s+나서|그리고|그런\s+다음에?|그다음에?|추가로|아\s+참|아\s+그리고)\s+
    | (?<=[려해아어여]주고),?\s+       # "알려주고 ...", "찾아주고 ...", "그려주고 ..."
    | (?<=[려해아어여]\s주고),?\s+
    | (?<=검색하고),?\s+
    """,
    re.VERBOSE,
)
_ENGLISH_TURN: Final = re.compile(
    r"""[,;]?(?<!\s)\s++(?:and\s+also|and\s+then|and|then|also|plus|after\s+that|by\s+the\s+way),?\s+
    (?=(?:also\s+|then\s+|please\s+)?
       (?:what|what's|where|where's|when|how|how's|who|which|is|are|can|could|will|would|does|should|tell|show|find
         |search|draw|make|generate|create|paint|give|check|look|google)\s+\S)
    """,
    re.VERBOSE | re.IGNORECASE,
)


def split_message(text: str) -> tuple[str, ...]:
    """Return the parts of a message that may want something each, in order; one part if nothing divides it.

    It divides at the ends of sentences and at words that begin another request, in Korean and English. What is too
    short to be a request, and what points back ("... How much is it?"), stays with what stands before it. Whether the
    parts really want different things is for a classifier to tell.
    """
    parts: list[tuple[int, int]] = []
    for start, end in _pieces(text):
        piece = text[start:end]
        if parts and (
            len(parts) == MOST_PARTS or is_follow_up(piece) or _is_scrap(piece) or _is_scrap(text[slice(*parts[-1])])
        ):
            parts[-1] = parts[-1][0], end
        else:
            parts.append((start, end))
    return tuple(text[start:end] for start, end in parts) if len(parts) > 1 else (text,)


def _pieces(text: str) -> Iterator[tuple[int, int]]:
    """Yield where each piece begins and ends; what divides them is in none."""
    cuts = sorted(
        found.span() for pattern in (_SENTENCE_END, _KOREAN_TURN, _ENGLISH_TURN) for found in pattern.finditer(text)
    )
    start = 0
    for cut, after in [*cuts, (len(text), len(text))]:
        piece = text[start:cut]
        if piece.strip():
            begin = start + len(piece) - len(piece.lstrip())
            yield begin, begin + len(piece.strip())
        start = max(start, after)


def _is_scrap(piece: str) -> bool:
    return sum(map(str.isalnum, piece)) < _LEAST_LETTERS or len(piece.split()) == 1
