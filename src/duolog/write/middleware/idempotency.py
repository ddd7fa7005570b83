"""Middleware `idempotency`: a command with a key takes effect once, and its answer is given again."""

import hmac
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

from duolog.codec.result_codec import ResultCodec
from duolog.dispatch.context import MessageContext
from duolog.dispatch.pipeline import Call
from duolog.errors import (
    DuologError,
    IdempotencyInFlightError,
    IdempotencyKeyReusedError,
    IdempotencyKeyTakenError,
    UnnamedTypeError,
)
from duolog.eventstore.appends import Appended
from duolog.messages.binding import Binding, MessageKind
from duolog.messages.command import command_spec
from duolog.messages.metadata import Metadata
from duolog.messages.result_type import result_type
from duolog.write.fingerprints import Fingerprints
from duolog.write.idempotency import (
    AnsweredKey,
    IdempotencyKey,
    IdempotencyRecord,
    IdempotencyScope,
    IdempotencyStore,
    StoredAnswer,
)


@dataclass(frozen=True, slots=True)
class KeyClaim:
    """The note by which the unit of work stores the key with what it commits.

    Attributes:
        scope: where the key is unique.
        key: the key.
        fingerprint: of the command.
        results: encodes the result.
    """

    scope: IdempotencyScope
    key: str
    fingerprint: bytes
    results: ResultCodec

    def record(self, result: object) -> IdempotencyRecord:
        """Make what is stored.

        Raises:
            PayloadError: the result cannot be stored.
        """
        return IdempotencyRecord(self.scope, self.key, self.fingerprint, self.results.encode(result))


@dataclass(frozen=True, slots=True)
class Replayed:
    """The note that says that an answer was given before."""


class IdempotencyMiddleware:
    """Answers a command whose key is stored without running it, and refuses one whose key is in flight.

    Inside of it a command runs as usual; its key, fingerprint and result are committed with what it changes, so that
    there is never one without the other. The unique key of that transaction is the guarantee; that a key is held while
    its command runs only spares others from running it in vain. What fails is not stored.

    Args:
        store: holds and finds keys; called once the database is open.
        secret: keys the fingerprints.
    """

    name = "idempotency"

    def __init__(self, store: Callable[[], IdempotencyStore], secret: bytes) -> None:
        self._store = store
        self._fingerprints = Fingerprints(secret)

    def build(self, binding: Binding[Any, Any], proceed: Call) -> Call:
        """Wrap the rest of the pipeline; only commands take keys."""
        if binding.kind is not MessageKind.COMMAND:
            return proceed
        name = stable_name(binding.message)

        @cache
        def results() -> ResultCodec:  # made when the first key comes: most commands never get one
            return ResultCodec(binding.name, result_type(binding))

        async def call(context: MessageContext) -> object:
            key = context.find(IdempotencyKey)
            if key is None:
                return await proceed(context)
            scope = _scope(context.metadata or Metadata(), key.operation or name)
            fingerprint = self._fingerprints.of(name, context.message)
            return await self._once(KeyClaim(scope, key.value, fingerprint, results()), context, proceed)

        return call

    async def _once(self, claim: KeyClaim, context: MessageContext, proceed: Call) -> object:
        store = self._store()
        held = await store.hold(claim.scope, claim.key)
        try:
            stored = await self._find(claim)  # after it is held: whoever held it before has committed by now, or never
            if stored is not None:
                return _replay(claim, stored, context)
            if not held:
                raise _in_flight()
            return await self._run(claim, context, proceed)
        finally:
            if held:
                store.let_go(claim.scope, claim.key)

    async def _run(self, claim: KeyClaim, context: MessageContext, proceed: Call) -> object:
        context.put(KeyClaim, claim)
        try:
            result = await proceed(context)
        except Exception as error:
            # Another process may have committed the key meanwhile, and what it changed be the reason of this failure.
            stored = await self._find_after(error, claim)
            if stored is not None:
                return _replay(claim, stored, context)
            if isinstance(error, IdempotencyKeyTakenError):
                raise _in_flight() from error
            raise
        context.put(AnsweredKey, AnsweredKey(claim.scope, claim.key))
        return result

    async def _find(self, claim: KeyClaim) -> StoredAnswer | None:
        return await self._store().find(claim.scope, claim.key)

    async def _find_after(self, error: Exception, claim: KeyClaim) -> StoredAnswer | None:
        try:
            return await self._find(claim)
        except DuologError:
            raise error from None


def stable_name(command: type) -> str:
    """Return the name of a command's type in scopes and fingerprints: that of ``@command``, else that of its class."""
    try:
        return command_spec(command).name
    except UnnamedTypeError:
        return f"{command.__module__}.{command.__qualname__}"


def _scope(metadata: Metadata, operation: str) -> IdempotencyScope:
    actor = metadata.actor.id if metadata.actor is not None else ""
    return IdempotencyScope(metadata.tenant, actor, operation)


def _replay(claim: KeyClaim, stored: StoredAnswer, context: MessageContext) -> object:
    if not hmac.compare_digest(stored.fingerprint, claim.fingerprint):
        message = "this idempotency key was used for another command"
        raise IdempotencyKeyReusedError(message)
    key = context.find(IdempotencyKey)
    has_shown = key is not None and key.answers_shown and stored.shown is not None
    # What was shown is given again as it was: also where the code of today could not read the result any more.
    result = None if has_shown else claim.results.decode(stored.result)
    context.put(AnsweredKey, AnsweredKey(claim.scope, claim.key, stored.shown))
    context.put(Appended, stored.outcome)
    context.put(Replayed, Replayed())
    return result


def _in_flight() -> IdempotencyInFlightError:
    message = "the command with this idempotency key is being executed"
    return IdempotencyInFlightError(message)
