"""How well a model does on messages that it has not learned from."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from chat_intents.domain.intent import Intent
from chat_intents.infrastructure.ngrams.labelled_messages import LabelledMessage
from chat_intents.infrastructure.ngrams.model import NgramModel

LANGUAGES: Final[Mapping[str, str]] = {"ko": "Korean", "en": "English"}


@dataclass(frozen=True, slots=True)
class Measured:
    """What was measured.

    Attributes:
        confusion: how many messages of an intent (first) were taken for one (second).
        right: how many messages of each language were told right.
        total: how many there are of each language.
        sure: how many messages of each language are kept in the cache, by their confidence.
        sure_and_right: how many of those were told right.
    """

    confusion: Mapping[tuple[Intent, Intent], int]
    right: Mapping[str, int]
    total: Mapping[str, int]
    sure: Mapping[str, int]
    sure_and_right: Mapping[str, int]

    def accuracy(self, language: str | None = None) -> float:
        """Return the share of messages that were told right, of one language or of all."""
        if language is not None:
            return self.right[language] / self.total[language]
        return sum(self.right.values()) / sum(self.total.values())

    def recall(self, intent: Intent) -> float:
        """Return the share of an intent's messages that were told right; 0 if there are none."""
        total = sum(count for (wanted, _), count in self.confusion.items() if wanted is intent)
        return self.confusion[intent, intent] / total if total else 0.0

    def precision(self, intent: Intent) -> float:
        """Return the share of those right that were taken for an intent; 0 if none was."""
        total = sum(count for (_, told), count in self.confusion.items() if told is intent)
        return self.confusion[intent, intent] / total if total else 0.0

    def f1(self, intent: Intent) -> float:
        """Return the harmonic mean of an intent's precision and recall; 0 if both are."""
        precision, recall = self.precision(intent), self.recall(intent)
        return 2 * precision * recall / (precision + recall) if precision + recall else 0.0


def measure(model: NgramModel, messages: Sequence[LabelledMessage], *, sure: float) -> Measured:
    """Let a model classify messages.

    Args:
        model: the model.
        messages: none that it has learned from.
        sure: the confidence from which on a classification counts as sure.
    """
    confusion, right, total = Counter[tuple[Intent, Intent]](), Counter[str](), Counter[str]()
    sures, sure_and_right = Counter[str](), Counter[str]()
    for message in messages:
        told = model.classify(message.text)
        is_right, is_sure = told.intent is message.intent, told.confidence >= sure
        confusion[message.intent, told.intent] += 1
        total[message.language] += 1
        right[message.language] += is_right
        sures[message.language] += is_sure
        sure_and_right[message.language] += is_right and is_sure
    return Measured(confusion, right, total, sures, sure_and_right)


def accuracy_table(measured: Measured) -> str:
    """Return a Markdown table of accuracies by language."""
    lines = [
        "| held-out messages | accuracy | sure enough for the cache | accuracy of those |",
        "|---|---|---|---|",
    ]
    for language, name in LANGUAGES.items():
        total, sure = measured.total[language], measured.sure[language]
        of_sure = measured.sure_and_right[language] / sure if sure else 0.0
        lines.append(f"| {name}: {total} | {measured.accuracy(language):.3f} | {sure / total:.0%} | {of_sure:.3f} |")
    total, sure = sum(measured.total.values()), sum(measured.sure.values())
    of_sure = sum(measured.sure_and_right.values()) / sure if sure else 0.0
    lines.append(f"| both: {total} | {measured.accuracy():.3f} | {sure / total:.0%} | {of_sure:.3f} |")
    return "\n".join(lines)


def intent_table(measured: Measured) -> str:
    """Return a Markdown table of precision, recall and F1 by intent."""
    lines = ["| intent | precision | recall | F1 |", "|---|---|---|---|"]
    lines += [
        f"| `{each.value}` | {measured.precision(each):.2f} | {measured.recall(each):.2f} | {measured.f1(each):.2f} |"
        for each in Intent
    ]
    return "\n".join(lines)
