"""A message, or a part of one, with what of its conversation it depends on."""

import hashlib
from dataclasses import dataclass

from chat_intents.domain.normalised import normalised


@dataclass(frozen=True, slots=True)
class Conversation:
    """Where something is said. Equal ids of two users are two conversations.

    Attributes:
        user_id: who speaks.
        conversation_id: which of that user's conversations.
    """

    user_id: str
    conversation_id: str


@dataclass(frozen=True, slots=True)
class Context:
    """What a follow-up is understood from.

    Attributes:
        conversation: where it is said.
        text: what was said before; empty for nothing.
    """

    conversation: Conversation
    text: str


@dataclass(frozen=True, slots=True)
class Utterance:
    """What is classified at once.

    Attributes:
        text: what was said.
        context: what it is understood from; None if it says by itself what is wanted.
    """

    text: str
    context: Context | None = None

    def key(self, version: str) -> str:
        """Return what its classification is kept under, which tells nothing of what was said.

        Messages that mean the same to the classifier share a key, and nothing else does: another version of the
        classifier has keys of its own, and so has every conversation that an answer depends on.

        Args:
            version: the classifier's.
        """
        parts = [version, normalised(self.text)]
        if self.context is not None:
            where = self.context.conversation
            parts += [where.user_id, where.conversation_id, normalised(self.context.text)]
        digest = hashlib.sha256()
        for part in parts:  # each behind its length, or the end of one could be the beginning of the next
            data = part.encode()
            digest.update(len(data).to_bytes(8, "big") + data)
        return digest.hexdigest()
