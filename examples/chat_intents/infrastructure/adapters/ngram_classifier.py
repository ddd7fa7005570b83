"""The classifier that runs offline."""

from chat_intents.domain.intent import Classification
from chat_intents.domain.utterance import Utterance
from chat_intents.infrastructure.ngrams.model import NgramModel


class NgramClassifier:
    """Tells intents with a model of character n-grams; it is quick enough to do so in the event loop itself.

    Args:
        model: the model.
    """

    def __init__(self, model: NgramModel) -> None:
        self._model = model

    @property
    def version(self) -> str:
        """The model's version."""
        return self._model.version

    async def classify(self, utterance: Utterance) -> Classification:
        """Tell what an utterance wants; see `IntentClassifier.classify`."""
        context = utterance.context.text if utterance.context is not None else ""
        return self._model.classify(utterance.text, context)
