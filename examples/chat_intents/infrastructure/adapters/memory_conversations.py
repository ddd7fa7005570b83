"""Conversations in memory, for one process."""

import time
from collections import OrderedDict
from collections.abc import Callable
from typing import Final

from chat_intents.domain.utterance import Conversation

MOST_CONVERSATIONS: Final = 10_000
REMEMBERED_SECONDS: Final = 1_800.0


class MemoryConversations:
    """Remembers a bounded number of conversations, and forgets those first in which nothing was said the longest.

    Args:
        most: so many are remembered.
        remembered_seconds: so long each is remembered after its last message, in seconds.
        clock: tells the time in seconds, from any beginning.
    """

    def __init__(
        self,
        *,
        most: int = MOST_CONVERSATIONS,
        remembered_seconds: float = REMEMBERED_SECONDS,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._messages = OrderedDict[Conversation, tuple[float, str]]()
        self._most = most
        self._remembered = remembered_seconds
        self._clock = clock

    async def previous(self, conversation: Conversation) -> str:
        """Return a conversation's last message; see `Conversations.previous`."""
        ends, message = self._messages.get(conversation, (0.0, ""))
        if message and ends <= self._clock():
            del self._messages[conversation]
            return ""
        return message

    async def note(self, conversation: Conversation, message: str) -> None:
        """Remember a message; see `Conversations.note`."""
        self._messages[conversation] = (self._clock() + self._remembered, message)
        self._messages.move_to_end(conversation)
        while len(self._messages) > self._most:
            self._messages.popitem(last=False)
