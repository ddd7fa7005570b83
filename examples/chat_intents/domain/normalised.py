"""The one form of texts that mean the same to a classifier."""

import unicodedata


def normalised(text: str) -> str:
    """Return a text in compatibility form (NFKC), without case, and with single spaces between its words."""
    folded = unicodedata.normalize("NFKC", text).casefold()
    return " ".join(unicodedata.normalize("NFKC", folded).split())
