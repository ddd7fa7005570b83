"""Which messages say what is wanted only together with what was said before."""

import re
from typing import Final

from chat_intents.domain.normalised import normalised

_MOST_LETTERS: Final = 40
_MOST_WORDS: Final = 7
_KOREAN: Final = re.compile(
    r"""^(?:
        (?:아\s*)?(?:그럼|그러면|그렇다면|그건|그거|그게|그걸|그것|이건|이거|이게|이걸|저건|저거|거긴|거기|여긴|그때)(?:는|은|도|요|\W|$)
        | (?:그럼|그러면)
        | \S+(?:은|는|도)\s*(?:요)?\s*\?+$         # "뚜껑은?", "내일은요?"
        | (?:왜|어떻게|언제|어디|얼마)(?:요|야|예요|에요|인데)?\s*\?*$
    )""",
    re.VERBOSE,
)
_ENGLISH: Final = re.compile(
    r"""^(?:
        (?:and|or|so|but|then|ok,?|okay,?)\s+(?:what|how)\s+(?:about|if)\b
        | (?:what|how)\s+about\b
        | (?:and|or|but)\s
        | (?:it|that|this|those|these|them|there)\b
        | (?:how|what|where|when|why|who|is|does|do|can|should|could|would|will)\b
          .*\b(?:it|that|them|those|these|there|one)\s*\?*$
        | (?:how|what|where|when|can|should|could|do)\b.*\b(?:throw|put|recycle|sell|wash|rinse|take|bring|drop|leave
          |sort|buy|use|clean|separate|do|do\s+with|get\s+rid\s+of|dispose\s+of)\s+(?:it|that|them|those|these)\b
        | (?:why|how|when|where|how\s+much|how\s+many)\s*\?*$
    )""",
    re.VERBOSE,
)


def is_follow_up(text: str) -> bool:
    """Tell whether a text is short and points back: "그럼 뚜껑은?", "what about the lid?", "how much is it?"."""
    plain = normalised(text)
    if len(plain) > _MOST_LETTERS or len(plain.split()) > _MOST_WORDS:
        return False
    return bool(_KOREAN.match(plain) or _ENGLISH.match(plain))
