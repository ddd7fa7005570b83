"""The reference's third command, as it is written there: a classifier behind a cache that stages nothing."""

# ruff: noqa: ANN204 - the reference's constructors are taken over as they are

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol

from dishka import Provider, Scope, provide

from duolog import bind_command


@dataclass(frozen=True)
class ClassifyIntentCommand:
    message: str
    conversation_id: str
    user_id: str


class ClassifyIntentInteractor:
    def __init__(
        self,
        classifier: IntentClassifier,
        cache: IntentCache,
    ):
        self._classifier = classifier
        self._cache = cache

    async def execute(self, cmd: ClassifyIntentCommand) -> IntentResult:
        # Check cache first
        cached = await self._cache.get(cmd.message)
        if cached:
            return cached

        # Classify
        result = await self._classifier.classify(cmd.message)

        # Cache result
        await self._cache.set(cmd.message, result)

        return result


@dataclass(frozen=True, slots=True)
class IntentResult:
    intent: str


class IntentClassifier(Protocol):
    async def classify(self, message: str) -> IntentResult: ...


class IntentCache(Protocol):
    async def get(self, message: str) -> IntentResult | None: ...
    async def set(self, message: str, result: IntentResult) -> None: ...


@dataclass
class FirstWordClassifier:
    """Takes the first word for the intent, and remembers what it was asked."""

    asked: list[str] = field(default_factory=list[str])

    async def classify(self, message: str) -> IntentResult:
        self.asked.append(message)
        return IntentResult(message.split(maxsplit=1)[0])


@dataclass
class DictCache:
    """Lives as long as the application."""

    known: dict[str, IntentResult] = field(default_factory=dict[str, IntentResult])

    async def get(self, message: str) -> IntentResult | None:
        return self.known.get(message)

    async def set(self, message: str, result: IntentResult) -> None:
        self.known[message] = result


class IntentProvider(Provider):
    scope = Scope.APP

    def __init__(self, classifier: FirstWordClassifier) -> None:
        super().__init__()
        self._classifier = classifier

    @provide
    def classifier(self) -> IntentClassifier:
        return self._classifier

    @provide
    def cache(self) -> IntentCache:
        return DictCache()


CLASSIFY_INTENT = bind_command(ClassifyIntentCommand, ClassifyIntentInteractor)
