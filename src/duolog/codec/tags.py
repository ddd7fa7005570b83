"""Tags as they are stored: plain, or hashed with the application's secret where they are personal data."""

import hashlib
import hmac
from collections.abc import Iterable

from duolog.messages.tag import Tag


class Tagger:
    """Turns tags into stored texts.

    Args:
        secret: key of the hashes for personal values; the same secret finds them again.
    """

    __slots__ = ("_key",)

    def __init__(self, secret: bytes) -> None:
        self._key = hmac.digest(secret, b"duolog tags", hashlib.sha256)

    def stored(self, tag: Tag) -> str:
        """Return the text that is stored for ``tag``: ``name:value``, or ``name:hash`` if it is personal."""
        if not tag.personal:
            return f"{tag.name}:{tag.value}"
        digest = hmac.digest(self._key, f"{tag.name}\x1f{tag.value}".encode(), hashlib.sha256)
        return f"{tag.name}:{digest[:16].hex()}"

    def stored_all(self, tags: Iterable[Tag]) -> tuple[str, ...]:
        """Return the stored texts of ``tags``, sorted, each once."""
        return tuple(sorted({self.stored(tag) for tag in tags}))
