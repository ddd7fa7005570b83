"""Classifiers and stores for tests, and the interactor over them."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field

from chat_intents.application.commands.classify_intent import ClassifyIntentCommand, ClassifyIntentInteractor
from chat_intents.application.dto.intent_result import IntentResult
from chat_intents.application.ports.conversations import Conversations
from chat_intents.application.ports.intent_cache import IntentCache
from chat_intents.domain.errors import StoreFailedError
from chat_intents.domain.intent import Classification, Intent
from chat_intents.domain.utterance import Conversation, Utterance
from chat_intents.infrastructure.adapters.memory_conversations import MemoryConversations
from chat_intents.infrastructure.adapters.memory_intent_cache import MemoryIntentCache


@dataclass
class TableClassifier:
    """Classifies by a table of texts, and remembers what it was asked.

    Attributes:
        table: what it knows.
        otherwise: what everything else is.
        confidence: of every answer.
        version: its version.
        open: unset, it keeps everybody waiting.
        called: set when it is asked for the first time.
    """

    table: Mapping[str, Intent] = field(default_factory=dict[str, Intent])
    otherwise: Intent = Intent.GENERAL
    confidence: float = 0.9
    version: str = "table:1"
    open: asyncio.Event = field(default_factory=asyncio.Event)
    called: asyncio.Event = field(default_factory=asyncio.Event)
    asked: list[Utterance] = field(default_factory=list[Utterance])

    def __post_init__(self) -> None:
        self.open.set()

    async def classify(self, utterance: Utterance) -> Classification:
        self.asked.append(utterance)
        self.called.set()
        await self.open.wait()
        return Classification(self.table.get(utterance.text, self.otherwise), self.confidence)


class BrokenStore:
    """A cache, and conversations, that fail whatever they are asked."""

    async def get(self, key: str) -> Classification | None:
        raise StoreFailedError(_reason(key))

    async def set(self, key: str, classification: Classification) -> None:
        del classification
        raise StoreFailedError(_reason(key))

    async def previous(self, conversation: Conversation) -> str:
        del conversation
        raise StoreFailedError(_reason(""))

    async def note(self, conversation: Conversation, message: str) -> None:
        del conversation, message
        raise StoreFailedError(_reason(""))


def _reason(key: str) -> str:
    del key
    return "ConnectionError"


class Assistant:
    """The interactor, and short words for what tests ask it."""

    def __init__(
        self,
        classifier: TableClassifier,
        *,
        cache: IntentCache | None = None,
        conversations: Conversations | None = None,
    ) -> None:
        self.interactor = ClassifyIntentInteractor(
            classifier,
            MemoryIntentCache() if cache is None else cache,  # an empty one is false
            MemoryConversations() if conversations is None else conversations,
        )

    async def ask(self, message: str, *, conversation: str = "c", user: str = "u") -> IntentResult:
        return await self.interactor.execute(ClassifyIntentCommand(message, conversation, user))
