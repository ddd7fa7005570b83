"""Makes a model of labelled messages."""

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from chat_intents.domain.intent import Intent
from chat_intents.infrastructure.ngrams.features import Vocabulary, inverse_frequencies
from chat_intents.infrastructure.ngrams.labelled_messages import LABELLED_MESSAGES, LabelledMessage
from chat_intents.infrastructure.ngrams.learning import Rates, learn
from chat_intents.infrastructure.ngrams.model import ModelFile, model_file

LEAST_MESSAGES: Final = 2
RATES: Final = Rates()


def train(messages: Sequence[LabelledMessage], labelled: str, rates: Rates = RATES) -> ModelFile:
    """Learn a model; equal messages give an equal one.

    Args:
        messages: those to learn from.
        labelled: digest of the labelled messages, which is kept with the model.
        rates: how is learned.
    """
    ngrams = inverse_frequencies([message.text for message in messages], LEAST_MESSAGES)
    vocabulary = Vocabulary(ngrams)
    intents = list(Intent)
    weights, biases = learn(
        [vocabulary.vector(message.text) for message in messages],
        [intents.index(message.intent) for message in messages],
        features=len(vocabulary),
        classes=len(intents),
        rates=rates,
    )
    return model_file(labelled, ngrams, weights, biases)


def labelled_digest(path: Path = LABELLED_MESSAGES) -> str:
    """Return the digest of a file of labelled messages, by which a model is known to be its own.

    Raises:
        OSError: it cannot be read.
    """
    return hashlib.sha256(path.read_bytes()).hexdigest()
