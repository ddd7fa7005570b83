"""Mutants of the intents example: the rules of its cache, and its worker."""

from typing import Final

from tests.mutants.mutant import Mutant

_FOLDER: Final = "examples/chat_intents"
_RULES: Final = "tests/unit/examples_chat_intents/test_classify_intent.py"
_STORES: Final = "tests/contract/test_intent_stores.py"
_WORKER: Final = "tests/unit/examples_chat_intents/test_request_worker.py"
_KILLED: Final = (
    "tests/faults/test_killed_intent_workers.py::test_wherever_a_worker_is_killed_each_message_is_answered_once"
)
_SPARED: Final = (
    "tests/unit/examples_chat_intents/test_openai_classifier.py"
    "::test_an_endpoint_that_is_down_is_spared_and_tried_again_later"
)
_INTERACTOR: Final = "application/commands/classify_intent.py"

INTENT_MUTANTS: Final = (
    Mutant(
        "intents: serve what another version of the classifier said",
        "cache keys",
        "domain/utterance.py",
        "        parts = [version, normalised(self.text)]\n",
        '        parts = ["", normalised(self.text)]\n',
        (f"{_RULES}::test_another_version_of_the_classifier_has_answers_of_its_own",),
        _FOLDER,
    ),
    Mutant(
        "intents: share follow-ups among conversations",
        "cache keys",
        "domain/utterance.py",
        "            parts += [where.user_id, where.conversation_id, normalised(self.context.text)]\n",
        "            parts += [where.conversation_id, normalised(self.context.text)]\n",
        (f"{_RULES}::test_the_answer_to_a_follow_up_is_never_shared",),
        _FOLDER,
    ),
    Mutant(
        "intents: forget what a follow-up was understood from",
        "cache keys",
        "domain/utterance.py",
        "where.conversation_id, normalised(self.context.text)]\n",
        "where.conversation_id]\n",
        (f"{_RULES}::test_the_answer_to_a_follow_up_is_never_shared",),
        _FOLDER,
    ),
    Mutant(
        "intents: take spellings for different messages",
        "cache keys",
        "domain/utterance.py",
        "        parts = [version, normalised(self.text)]\n",
        "        parts = [version, self.text]\n",
        (f"{_RULES}::test_messages_that_mean_the_same_share_an_answer",),
        _FOLDER,
    ),
    Mutant(
        "intents: join the parts of a key without their lengths",
        "cache keys",
        "domain/utterance.py",
        '            digest.update(len(data).to_bytes(8, "big") + data)\n',
        "            digest.update(data)\n",
        ("tests/unit/examples_chat_intents/test_utterances.py::test_whatever_an_answer_depends_on_is_in_its_key",),
        _FOLDER,
    ),
    Mutant(
        "intents: keep guesses",
        "low confidence is not cached",
        _INTERACTOR,
        "        if classification.confidence < LEAST_KEPT:",
        "        if classification.confidence < 0:",
        (f"{_RULES}::test_what_the_classifier_is_not_sure_of_is_not_kept",),
        _FOLDER,
    ),
    Mutant(
        "intents: keep what was understood without its context",
        "never shared where context matters",
        _INTERACTOR,
        "            return Answer(await self._classifier.classify(Utterance(message)), Source.CLASSIFIER)\n",
        "            return await self._cached(Utterance(message))\n",
        (f"{_RULES}::test_without_its_context_a_follow_up_is_answered_and_not_kept",),
        _FOLDER,
    ),
    Mutant(
        "intents: let a broken cache look like an empty one",
        "failures are visible",
        _INTERACTOR,
        '            self._telemetry.failure("reading the cache", error)\n',
        "            del error\n",
        (f"{_RULES}::test_a_failing_store_changes_no_answer_and_is_told",),
        _FOLDER,
    ),
    Mutant(
        "intents: fail where the cache cannot be written",
        "a failing cache changes no answer",
        _INTERACTOR,
        '            self._telemetry.failure("writing the cache", error)\n',
        "            raise error\n",
        (f"{_RULES}::test_a_failing_store_changes_no_answer_and_is_told",),
        _FOLDER,
    ),
    Mutant(
        "intents: let everybody who asks at once ask the classifier",
        "single flight",
        _INTERACTOR,
        "        return await self._flights.run(key, partial(self._look_up, key, utterance))\n",
        "        return await self._look_up(key, utterance)\n",
        (f"{_RULES}::test_those_who_ask_the_same_at_once_wait_for_one_answer",),
        _FOLDER,
    ),
    Mutant(
        "intents: cancel the work of all with one who asked",
        "single flight",
        "application/single_flight.py",
        "            return await asyncio.shield(flight)\n",
        "            return await flight\n",
        ("tests/unit/examples_chat_intents/test_single_flight.py::test_whoever_is_cancelled_leaves_alone",),
        _FOLDER,
    ),
    Mutant(
        "intents: keep answers in Valkey for ever",
        "entries have a time to live",
        "infrastructure/adapters/redis_intent_cache.py",
        "_encoder.encode(entry), px=self._kept)",
        "_encoder.encode(entry))",
        (f"{_STORES}::TestValkeyCache::test_it_is_forgotten_in_the_end",),
        _FOLDER,
    ),
    Mutant(
        "intents: keep answers in memory without end",
        "entries are bounded",
        "infrastructure/adapters/memory_intent_cache.py",
        "            self._entries.popitem(last=False)\n",
        "            break\n",
        (f"{_STORES}::TestMemoryCache::test_what_nobody_asked_for_the_longest_goes_first",),
        _FOLDER,
    ),
    Mutant(
        "intents: believe whatever stands in Valkey",
        "typed codec",
        "infrastructure/adapters/redis_intent_cache.py",
        "_decoder: Final = msgspec.json.Decoder(_Entry)\n",
        "_decoder: Final = msgspec.json.Decoder(type('E', (msgspec.Struct,), "
        "{'__annotations__': {'intent': str, 'confidence': float}}, array_like=True))\n",
        (f"{_STORES}::TestValkeyCache::test_what_is_no_classification_is_an_error_and_can_be_replaced",),
        _FOLDER,
    ),
    Mutant(
        "intents: acknowledge before the answer is written",
        "at least once",
        "presentation/request_worker.py",
        "            await self._stream.answer(request.id, answer)\n            await self._stream.done(entry)\n",
        "            await self._stream.done(entry)\n            await self._stream.answer(request.id, answer)\n",
        (_KILLED,),
        _FOLDER,
    ),
    Mutant(
        "intents: write an answer again that was written",
        "once for each message id",
        "infrastructure/adapters/write_answer.lua",
        "'1', 'NX', 'PX'",
        "'1', 'PX'",
        (_KILLED, f"{_WORKER}::test_a_message_that_comes_twice_is_answered_once"),
        _FOLDER,
    ),
    Mutant(
        "intents: classify a message again that comes again",
        "once for each message id",
        "presentation/request_worker.py",
        "self._app.execute(command, idempotency_key=key)",
        "self._app.execute(command, idempotency_key=None if key else None)",
        (f"{_WORKER}::test_a_message_that_comes_twice_is_answered_once",),
        _FOLDER,
    ),
    Mutant(
        "intents: leave what a dead worker had",
        "at least once",
        "presentation/request_worker.py",
        "                if clock() >= look_at:\n",
        "                if clock() < look_at:\n",
        (f"{_WORKER}::test_what_a_dead_worker_had_is_taken_over",),
        _FOLDER,
    ),
    Mutant(
        "intents: take over what a slow worker still holds",
        "heartbeats",
        "presentation/request_worker.py",
        "                await self._stream.hold(entries)\n",
        "                pass\n",
        (f"{_WORKER}::test_what_a_slow_worker_still_holds_is_left_to_it",),
        _FOLDER,
    ),
    Mutant(
        "intents: wait for an endpoint that is down",
        "circuit breaker",
        "infrastructure/adapters/circuit_breaker.py",
        "        if is_trial and (self._is_trying or self._clock() < self._spared_until):\n",
        "        if is_trial and self._is_trying:\n",
        (_SPARED,),
        _FOLDER,
    ),
)
