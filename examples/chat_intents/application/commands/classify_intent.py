"""Telling what somebody wants."""

from dataclasses import dataclass, field
from functools import partial
from typing import Annotated, Final

from msgspec import Meta

from chat_intents.application.dto.intent_result import IntentPart, IntentResult, Source
from chat_intents.application.ports.conversations import Conversations, NoConversations
from chat_intents.application.ports.intent_cache import IntentCache
from chat_intents.application.ports.intent_classifier import IntentClassifier
from chat_intents.application.single_flight import SingleFlight
from chat_intents.application.telemetry import CacheOutcome, Telemetry
from chat_intents.domain.errors import StoreFailedError, UnusableMessageError
from chat_intents.domain.follow_ups import is_follow_up
from chat_intents.domain.intent import Classification, Intent
from chat_intents.domain.normalised import normalised
from chat_intents.domain.splitting import split_message
from chat_intents.domain.utterance import Context, Conversation, Utterance
from duolog import Command, command

LONGEST_MESSAGE: Final = 2_000
LONGEST_ID: Final = 200
LEAST_KEPT: Final = 0.5
LEAST_OF_PART: Final = 0.5


@command("intent.classify")
@dataclass(frozen=True, slots=True)
class ClassifyIntentCommand(Command[IntentResult]):
    """Asks what a message wants.

    Attributes:
        message: what was said; never shown in logs.
        conversation_id: in which of the user's conversations.
        user_id: who said it.
    """

    message: Annotated[str, Meta(min_length=1, max_length=LONGEST_MESSAGE)] = field(repr=False)
    conversation_id: Annotated[str, Meta(min_length=1, max_length=LONGEST_ID)]
    user_id: Annotated[str, Meta(min_length=1, max_length=LONGEST_ID)]


@dataclass(frozen=True, slots=True)
class Answer:
    """A classification, and where it comes from."""

    classification: Classification
    source: Source


class ClassifyIntentInteractor:
    """Tells what a message wants, from the cache where that is sure to be the classifier's own answer.

    One serves the whole application, so that those who ask the same thing at the same time wait for one answer.

    Args:
        classifier: tells intents.
        cache: keeps what it told; no answer depends on whether it works.
        conversations: what follow-ups are understood from.
    """

    def __init__(
        self, classifier: IntentClassifier, cache: IntentCache, conversations: Conversations | None = None
    ) -> None:
        self._classifier = classifier
        self._cache = cache
        self._conversations = NoConversations() if conversations is None else conversations
        self._flights = SingleFlight[Answer]()
        self._telemetry = Telemetry()

    async def execute(self, cmd: ClassifyIntentCommand) -> IntentResult:
        """Tell what a message wants.

        Raises:
            UnusableMessageError: it is blank, or it or an id is no text.
            ClassifierUnavailableError: it is not in the cache, and the classifier gives no answer.
        """
        _check(cmd)
        conversation = Conversation(cmd.user_id, cmd.conversation_id)
        if is_follow_up(cmd.message):
            return _result(await self._follow_up(conversation, cmd.message))
        result = await self._several(cmd.message) or _result(await self._cached(Utterance(cmd.message)))
        if result.intent is not Intent.GENERAL:  # "thank you" does not change what is spoken about
            await self._note(conversation, cmd.message)
        return result

    async def _several(self, message: str) -> IntentResult | None:
        """Tell what the parts of a message want, if they surely want different things."""
        texts = split_message(message)
        if len(texts) == 1:
            return None
        parts = [_part(text, await self._cached(Utterance(text))) for text in texts]
        # A greeting before a question is no second request.
        wanted = tuple(part for part in parts if part.intent is not Intent.GENERAL and part.confidence >= LEAST_OF_PART)
        if len({part.intent for part in wanted}) <= 1:
            return None
        is_known = all(part.source is Source.CACHE for part in parts)
        source = Source.CACHE if is_known else Source.CLASSIFIER
        return IntentResult(wanted[0].intent, wanted[0].confidence, source, wanted)

    async def _follow_up(self, conversation: Conversation, message: str) -> Answer:
        try:
            previous = await self._conversations.previous(conversation)
        except StoreFailedError as error:
            self._telemetry.failure("reading a conversation", error)
            self._telemetry.cache(CacheOutcome.CONTEXT_LOST)
            return Answer(await self._classifier.classify(Utterance(message)), Source.CLASSIFIER)
        return await self._cached(Utterance(message, Context(conversation, previous)))

    async def _note(self, conversation: Conversation, message: str) -> None:
        try:
            await self._conversations.note(conversation, message)
        except StoreFailedError as error:
            self._telemetry.failure("noting a conversation", error)

    async def _cached(self, utterance: Utterance) -> Answer:
        key = utterance.key(self._classifier.version)
        return await self._flights.run(key, partial(self._look_up, key, utterance))

    async def _look_up(self, key: str, utterance: Utterance) -> Answer:
        try:
            known = await self._cache.get(key)
        except StoreFailedError as error:
            self._telemetry.failure("reading the cache", error)
            known = None
        if known is not None:
            self._telemetry.cache(CacheOutcome.HIT)
            return Answer(known, Source.CACHE)
        classification = await self._classifier.classify(utterance)
        if classification.confidence < LEAST_KEPT:  # another word or a better model may tell more
            self._telemetry.cache(CacheOutcome.LOW_CONFIDENCE)
            return Answer(classification, Source.CLASSIFIER)
        self._telemetry.cache(CacheOutcome.MISS)
        try:
            await self._cache.set(key, classification)
        except StoreFailedError as error:
            self._telemetry.failure("writing the cache", error)
        return Answer(classification, Source.CLASSIFIER)


def _check(cmd: ClassifyIntentCommand) -> None:
    if not normalised(cmd.message):
        message = "the message is blank"
        raise UnusableMessageError(message)
    try:
        for text in (cmd.message, cmd.conversation_id, cmd.user_id):
            text.encode()
    except UnicodeEncodeError:
        message = "the message or an id has lone surrogates, which no text has"
        raise UnusableMessageError(message) from None


def _part(text: str, answer: Answer) -> IntentPart:
    return IntentPart(text, answer.classification.intent, answer.classification.confidence, answer.source)


def _result(answer: Answer) -> IntentResult:
    return IntentResult(answer.classification.intent, answer.classification.confidence, answer.source)
