"""Takes a message apart that may want several things."""

import re
from typing import Final

from chat_intents.domain.follow_ups import is_follow_up

MOST_PARTS: Final = 5
_LEAST_LETTERS: Final = 5

_SENTENCE_END: Final = re.compile(r"(?<=[.!?\u3002\uff01\uff1f\u2026])\s+|\n+")
# Words that begin another request. What is left out on purpose: "and" between nouns, "-고" between other verbs.
_KOREAN_TURN: Final = re.compile(
    r"""\s+(?:그리고|그리고\s+나서|그런\s+다음에?|그다음에?|추가로|아\s+참|아\s+그리고|참고로\s+그리고)\s+
    | (?<=[려해찾만보말]주고)[,]?\s+      # "알려주고 ...", "그려주고 ...", "보여주고 ..."
    | (?<=[려해찾만보말]\s주고)[,]?\s+
    | (?<=아주고)[,]?\s+
    | (?<=어주고)[,]?\s+
    | (?<=여주고)[,]?\s+
    | (?<=검색하고)[,]?\s+
    """,
    re.VERBOSE,
)
_ENGLISH_TURN: Final = re.compile(
    r"""[,;]?\s+(?:and|then|also|plus|and\s+also|and\s+then|after\s+that|by\s+the\s+way)[,]?\s+
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
    pieces = [
        piece.strip()
        for sentence in _SENTENCE_END.split(text.strip())
        for korean in _KOREAN_TURN.split(sentence)
        for piece in _ENGLISH_TURN.split(korean)
        if piece.strip()
    ]
    parts: list[str] = []
    for piece in pieces:
        if parts and (_is_scrap(piece) or is_follow_up(piece) or len(parts) == MOST_PARTS or _is_scrap(parts[-1])):
            parts[-1] = f"{parts[-1]} {piece}"
        else:
            parts.append(piece)
    return tuple(parts) or (text,)


def _is_scrap(piece: str) -> bool:
    return sum(map(str.isalnum, piece)) < _LEAST_LETTERS or len(piece.split()) == 1
