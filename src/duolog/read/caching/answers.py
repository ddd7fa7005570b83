"""The keys under which the answers of one query are kept, and how they are encoded."""

import hashlib
from typing import Any, Final

import msgspec

from duolog.codec.reasons import unfit_reason
from duolog.codec.schema_description import describe
from duolog.errors import ConfigurationError, DuologError, PayloadError
from duolog.messages.binding import Binding
from duolog.messages.metadata import Metadata
from duolog.messages.result_type import result_type
from duolog.read.caching.declaration import CachePolicy, CacheScope
from duolog.read.caching.encoding import answer_encoding
from duolog.read.caching.entry import CacheEntry, ViewsRead
from duolog.read.json_answer import without_json
from duolog.tables.view_changes import ViewVersion

_FORMAT: Final = 1
_DIGEST_BYTES: Final = 16

_key_encoder: Final = msgspec.msgpack.Encoder(order="deterministic")


class CachedAnswers:
    """Makes keys and entries for one query.

    A key holds the question, the tenant and, where the policy says so, roles or the actor; and a digest of what
    the query, its answer, its views and its policy look like, so that two releases never read each other's answers.

    Args:
        binding: the query and its service.
        policy: how its answers are cached.

    Raises:
        ConfigurationError: the query cannot be made a key of, or its answers cannot be encoded.
    """

    __slots__ = ("_encoding", "_name", "_prefix", "_scope")

    def __init__(self, binding: Binding[Any, Any], policy: CachePolicy) -> None:
        self._name = binding.name
        kind = result_type(binding)
        try:
            msgspec.json.schema(binding.message)
            self._encoding = answer_encoding(kind)
        except (TypeError, RuntimeError, NameError) as error:
            raise _unfit(binding, str(error)) from None
        if without_json(kind) in (Any, object):
            raise _unfit(binding, "the type of its answer is not declared")
        self._scope = policy.scope
        shape = {
            "format": _FORMAT,
            "query": f"{binding.message.__module__}.{binding.message.__qualname__}",
            "fields": describe(binding.message),
            "answer": describe(without_json(kind)),
            "views": [model.name for model in binding.reads],
            "scope": policy.scope.value,
            "version": policy.version,
        }
        self._prefix = hashlib.sha256(msgspec.json.encode(shape, order="deterministic")).digest()[:_DIGEST_BYTES]

    def key(self, query: object, who: Metadata | None) -> bytes:
        """Return the key of one question.

        Args:
            query: the question.
            who: who asks, and for which tenant; None for an anonymous caller without one.

        Raises:
            TypeError: a value in it cannot be encoded, whatever was declared.
            ValueError: as TypeError.
        """
        tenant = who.tenant if who is not None else ""
        if self._scope is CacheScope.TENANT:
            return self._prefix + _key_encoder.encode((query, tenant))
        actor = who.actor if who is not None else None
        whose = None
        if actor is not None:
            whose = (actor.id if self._scope is CacheScope.ACTOR else "", sorted(actor.roles))
        return self._prefix + _key_encoder.encode((query, tenant, whose))

    def tag(self, key: bytes, versions: tuple[ViewVersion, ...]) -> str:
        """Return a short text that stands for a question and what its views had come to."""
        return hashlib.sha256(key + repr(versions).encode()).hexdigest()[: 2 * _DIGEST_BYTES]

    def entry(self, answer: object, views: ViewsRead) -> CacheEntry:
        """Encode an answer, having checked that it comes back as it is.

        Raises:
            PayloadError: it does not, so it is not to be kept.
        """
        try:
            data = self._encoding.encode(answer)
            again = self._encoding.decode(data)
        except msgspec.ValidationError as error:
            message = f"the answer of {self._name} does not fit its declared type: {unfit_reason(error)}"
            raise PayloadError(message) from None
        except (DuologError, msgspec.MsgspecError, TypeError, ValueError, OverflowError, RecursionError) as error:
            message = f"the answer of {self._name} does not survive encoding: {type(error).__name__}"
            raise PayloadError(message) from None
        if type(again) is not type(answer) or again != answer:
            message = f"the answer of {self._name} comes back from its encoding as another one"
            raise PayloadError(message)
        return CacheEntry(views, data, again if self._encoding.is_immutable else None)

    def received(self, entry: CacheEntry) -> CacheEntry:
        """Return an entry that another process made, checked.

        Raises:
            msgspec.MsgspecError: its answer is of another form.
        """
        answer = self._encoding.decode(entry.data)
        return CacheEntry(entry.views, entry.data, answer if self._encoding.is_immutable else None)

    def answer(self, entry: CacheEntry) -> object:
        """Return the answer of an entry: one of its own for each caller, where it could be changed in place."""
        return entry.answer if self._encoding.is_immutable else self._encoding.decode(entry.data)


def _unfit(binding: Binding[Any, Any], reason: str) -> ConfigurationError:
    message = f"the answers of {binding.name} cannot be cached: {reason}"
    hint = "Let query and answer be dataclasses of plain values, with every type declared; or do without @cached."
    return ConfigurationError(message, hint=hint)
