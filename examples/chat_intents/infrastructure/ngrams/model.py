"""A learned model, and the file that it is kept in."""

import hashlib
from array import array
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Final, Literal, Self

import msgspec

from chat_intents.domain.intent import Classification, Intent
from chat_intents.infrastructure.ngrams.features import Vocabulary
from chat_intents.infrastructure.ngrams.learning import softmax

MODEL_FILE: Final = Path(__file__).with_name("model.json")

# What a follow-up's context adds, beside what the follow-up says itself.
CONTEXT_WEIGHT: Final = 0.8
# A less probable intent is no answer: what the model does not know is general.
LEAST_PROBABLE: Final = 0.2

_STEPS: Final = 127  # weights are kept as whole numbers of one byte


class ModelFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the file holds; JSON, so that reading one can run nothing.

    Attributes:
        format: of this structure.
        labelled: SHA-256 of the labelled messages that it was learned from, in hexadecimal digits.
        intents: what the columns of the weights stand for.
        ngrams: what their rows stand for, with the inverse document frequency of each.
        scale: what a weight of 1 stands for.
        weights: a signed byte for each n-gram and intent, row by row; base64 in the file.
        biases: of the intents.
    """

    format: Literal[1]
    labelled: Annotated[str, msgspec.Meta(pattern="^[0-9a-f]{64}$")]
    intents: list[Intent]
    ngrams: dict[str, float]
    scale: float
    weights: bytes
    biases: list[float]


class NgramModel:
    """Tells intents from n-grams.

    Args:
        content: of its file.
        version: what tells it from other models.

    Raises:
        ValueError: the numbers of intents, n-grams and weights do not fit together.
    """

    def __init__(self, content: ModelFile, version: str) -> None:
        width = len(content.intents)
        weights = array("b", content.weights)
        is_whole = len(content.biases) == width and len(weights) == width * len(content.ngrams)
        if not is_whole or sorted(content.intents) != sorted(Intent):
            message = "the model's intents, n-grams and weights do not fit together"
            raise ValueError(message)
        self.version = version
        self.labelled = content.labelled
        self._intents = content.intents
        self._vocabulary = Vocabulary(content.ngrams)
        self._scale = content.scale
        self._rows = [weights[start : start + width] for start in range(0, len(weights), width)]
        self._biases = content.biases

    @classmethod
    def load(cls, path: Path = MODEL_FILE) -> Self:
        """Read a model; its version is a digest of the file.

        Raises:
            OSError: it cannot be read.
            ValueError: it is no model.
        """
        data = path.read_bytes()
        try:
            content = msgspec.json.decode(data, type=ModelFile)
        except msgspec.MsgspecError as error:
            message = f"{path} is no model: {error}"
            raise ValueError(message) from error
        return cls(content, f"ngrams:{hashlib.sha256(data).hexdigest()[:16]}")

    def probabilities(self, text: str, context: str = "") -> dict[Intent, float]:
        """Return how probable each intent is.

        Args:
            text: what was said.
            context: what it points back to.
        """
        scores = self._biases.copy()
        self._add(scores, text, self._scale)
        if context:
            self._add(scores, context, self._scale * CONTEXT_WEIGHT)
        return dict(zip(self._intents, softmax(scores), strict=True))

    def classify(self, text: str, context: str = "") -> Classification:
        """Return the most probable intent; `Intent.GENERAL`, as unsure as it is, where none is probable.

        Args:
            text: what was said.
            context: what it points back to.
        """
        probabilities = self.probabilities(text, context)
        intent = max(self._intents, key=probabilities.__getitem__)
        if probabilities[intent] < LEAST_PROBABLE:
            intent = Intent.GENERAL
        return Classification(intent, round(probabilities[intent], 4))

    def _add(self, scores: list[float], text: str, factor: float) -> None:
        rows, width = self._rows, range(len(scores))
        for number, value in self._vocabulary.vector(text):
            row, scaled = rows[number], value * factor
            for which in width:
                scores[which] += scaled * row[which]


def model_file(
    labelled: str, ngrams: dict[str, float], weights: Sequence[Sequence[float]], biases: Sequence[float]
) -> ModelFile:
    """Make the file of what was learned; n-grams that tell nothing are left out.

    Args:
        labelled: digest of the labelled messages.
        ngrams: inverse document frequencies, in the order of the weights.
        weights: by n-gram and intent.
        biases: by intent.
    """
    scale = max(abs(weight) for row in weights for weight in row) / _STEPS
    rows = [array("b", [round(weight / scale) for weight in row]) for row in weights]
    kept = [(ngram, row) for ngram, row in zip(ngrams, rows, strict=True) if any(row)]
    return ModelFile(
        1,
        labelled,
        list(Intent),
        {ngram: round(ngrams[ngram], 4) for ngram, _ in kept},
        scale,
        b"".join(row.tobytes() for _, row in kept),
        [round(bias, 6) for bias in biases],
    )
