"""The port of what keeps classifications."""

from typing import Protocol

from chat_intents.domain.intent import Classification


class IntentCache(Protocol):
    """Keeps classifications for a time, under the keys of `Utterance.key`; it may forget any of them at any time."""

    async def get(self, key: str) -> Classification | None:
        """Return what is kept under a key; None if nothing is, or not any more.

        Raises:
            StoreFailedError: it cannot be read, or what is there is no classification.
        """
        ...

    async def set(self, key: str, classification: Classification) -> None:
        """Keep a classification, instead of what may be kept under that key.

        Raises:
            StoreFailedError: it cannot be written.
        """
        ...
