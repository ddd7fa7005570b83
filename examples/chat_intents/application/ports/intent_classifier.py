"""The port of what tells intents."""

from typing import Protocol

from chat_intents.domain.intent import Classification
from chat_intents.domain.utterance import Utterance


class IntentClassifier(Protocol):
    """Tells what an utterance wants."""

    @property
    def version(self) -> str:
        """What its answers depend on besides the utterance: another model, or another prompt, is another version."""
        ...

    async def classify(self, utterance: Utterance) -> Classification:
        """Tell what an utterance wants, from its text and its context; `Intent.GENERAL` where nothing else fits.

        Raises:
            ClassifierUnavailableError: there is no answer now.
        """
        ...
