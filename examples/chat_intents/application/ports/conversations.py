"""The port of what remembers conversations."""

from typing import Protocol

from chat_intents.domain.utterance import Conversation


class Conversations(Protocol):
    """Remembers the last message of each conversation that said by itself what it is about; it may forget it."""

    async def previous(self, conversation: Conversation) -> str:
        """Return that message; empty if there is none.

        Raises:
            StoreFailedError: it cannot be read.
        """
        ...

    async def note(self, conversation: Conversation, message: str) -> None:
        """Remember a message instead of the one before.

        Raises:
            StoreFailedError: it cannot be written.
        """
        ...


class NoConversations:
    """Remembers nothing, so that a follow-up is understood as it stands."""

    async def previous(self, conversation: Conversation) -> str:
        """Return nothing."""
        del conversation
        return ""

    async def note(self, conversation: Conversation, message: str) -> None:
        """Forget it."""
        del conversation, message
