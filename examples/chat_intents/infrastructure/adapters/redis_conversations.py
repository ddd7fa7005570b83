"""Conversations in Valkey or Redis, for any number of processes."""

import hashlib
from typing import Any

from redis.asyncio import Redis

from chat_intents.domain.errors import StoreFailedError
from chat_intents.domain.utterance import Conversation
from chat_intents.infrastructure.adapters.memory_conversations import REMEMBERED_SECONDS
from chat_intents.infrastructure.adapters.redis_client import failures_told


class RedisConversations:
    """Remembers conversations, each for a time.

    Args:
        client: the connections, which stay the caller's; without ``decode_responses``.
        prefix: comes before every key.
        remembered_seconds: so long each is remembered after its last message, in seconds.
    """

    def __init__(
        self, client: Redis, *, prefix: str = "intents:said:", remembered_seconds: float = REMEMBERED_SECONDS
    ) -> None:
        self._client = client
        self._prefix = prefix
        self._remembered = max(1, round(remembered_seconds * 1_000))

    async def previous(self, conversation: Conversation) -> str:
        """Return a conversation's last message; see `Conversations.previous`."""
        with failures_told():
            data: Any = await self._client.get(self._key(conversation))
        try:
            return bytes(data or b"").decode()
        except UnicodeDecodeError as error:
            reason = "what is kept of a conversation is no text"
            raise StoreFailedError(reason) from error

    async def note(self, conversation: Conversation, message: str) -> None:
        """Remember a message; see `Conversations.note`."""
        with failures_told():
            await self._client.set(self._key(conversation), message.encode(), px=self._remembered)

    def _key(self, conversation: Conversation) -> str:
        # A digest of both ids, each ended: "a" in "bc" is not "ab" in "c", and no id has to be a harmless key.
        ids = f"{len(conversation.user_id)}:{conversation.user_id}{conversation.conversation_id}"
        return self._prefix + hashlib.sha256(ids.encode()).hexdigest()
