"""Answers the requests of a stream."""

import asyncio
import hashlib
import logging
from collections.abc import Sequence
from contextlib import suppress
from typing import Annotated, Final

import msgspec
from redis.exceptions import RedisError

from chat_intents.application.commands.classify_intent import LONGEST_ID, ClassifyIntentCommand
from chat_intents.domain.errors import ClassifierUnavailableError, UnusableMessageError
from chat_intents.infrastructure.adapters.request_stream import Entry, RequestStream
from chat_intents.presentation.answers import intent_answer
from duolog import Application, DuologError
from duolog.errors import IdempotencyInFlightError, IdempotencyKeyReusedError, InvalidMessageError

AT_ONCE: Final = 16
IDLE_SECONDS: Final = 30.0
MOST_DELIVERIES: Final = 5
_WAIT_SECONDS: Final = 1.0
_PAUSE_SECONDS: Final = 0.5
_log: Final = logging.getLogger("chat_intents")


class _Request(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The fields of an entry; what the message may be is the command's to say."""

    id: Annotated[str, msgspec.Meta(min_length=1, max_length=LONGEST_ID)]
    message: str
    conversation_id: str
    user_id: str


class _RefusedError(Exception):
    """An entry will never be answered."""


class RequestWorker:
    """Takes entries, answers them, and is done with each only when its answer is written.

    A message is classified once, however often it is delivered: its id is the command's idempotency key, whose answer
    is given again. Messages of one conversation are answered in order, as far as they are taken together.

    Args:
        app: running.
        stream: this worker's end of the streams.
        at_once: so many entries are taken together.
        idle_seconds: entries that another worker has not held for so long are taken over, in seconds.
    """

    def __init__(
        self, app: Application, stream: RequestStream, *, at_once: int = AT_ONCE, idle_seconds: float = IDLE_SECONDS
    ) -> None:
        self._app = app
        self._stream = stream
        self._at_once = at_once
        self._idle = idle_seconds

    async def run(self, stop: asyncio.Event) -> None:
        """Work until told to stop; what is taken by then is finished.

        Args:
            stop: set by whoever wants it to stop.
        """
        is_prepared = False
        look_at = 0.0  # when entries of others are looked for again
        clock = asyncio.get_running_loop().time
        while not stop.is_set():
            try:
                if not is_prepared:
                    await self._stream.prepare()
                    is_prepared = True
                entries: Sequence[Entry] = ()
                if clock() >= look_at:
                    entries = await self._stream.take_over(self._at_once, idle_seconds=self._idle)
                    look_at = clock() + (0.0 if entries else self._idle / 2)
                entries = entries or await self._stream.take(
                    self._at_once, wait_seconds=min(_WAIT_SECONDS, max(0.001, look_at - clock()))
                )
                await self._handle(entries)
            except RedisError as error:
                is_prepared = False  # a server that has come back may have nothing of what it had
                _log.warning("the stream of requests: %s; trying again", type(error).__name__)
                with suppress(TimeoutError):
                    await asyncio.wait_for(stop.wait(), _PAUSE_SECONDS)

    async def _handle(self, entries: Sequence[Entry]) -> None:
        if not entries:
            return
        by_conversation: dict[tuple[bytes, bytes], list[Entry]] = {}
        for entry in entries:
            where = entry.fields.get(b"user_id", b""), entry.fields.get(b"conversation_id", b"")
            by_conversation.setdefault(where, []).append(entry)
        ended = asyncio.Event()
        holding = asyncio.create_task(self._hold(entries, ended))
        try:
            outcomes = await asyncio.gather(*map(self._in_order, by_conversation.values()), return_exceptions=True)
        finally:
            ended.set()
            await asyncio.gather(holding, return_exceptions=True)
        for outcome in outcomes:
            if outcome is not None:
                raise outcome

    async def _hold(self, entries: Sequence[Entry], ended: asyncio.Event) -> None:
        """Keep others from taking over what takes long; should one nevertheless, the idempotency key stands behind."""
        while True:  # not until it is cancelled: a cancellation that meets an answer of the server can get lost
            with suppress(TimeoutError):
                async with asyncio.timeout(self._idle / 3):
                    await ended.wait()
            if ended.is_set():
                return
            with suppress(RedisError):
                await self._stream.hold(entries)

    async def _in_order(self, entries: Sequence[Entry]) -> None:
        for entry in entries:
            await self._one(entry)

    async def _one(self, entry: Entry) -> None:
        try:
            request = _read(entry)
            answer = await self._answer(request)
        except _RefusedError as refused:
            await self._refuse(entry, str(refused))
        except (ClassifierUnavailableError, IdempotencyInFlightError) as error:
            _log.warning("entry %s comes again: %s", entry.place, error)
        except Exception as error:  # noqa: BLE001 - whatever it is, the other entries go on
            _log.exception("entry %s failed", entry.place)
            if await self._stream.deliveries(entry) >= MOST_DELIVERIES:
                await self._refuse(entry, f"it failed {MOST_DELIVERIES} times, last with {type(error).__name__}")
        else:
            await self._stream.answer(request.id, answer)
            await self._stream.done(entry)

    async def _answer(self, request: _Request) -> bytes:
        command = ClassifyIntentCommand(request.message, request.conversation_id, request.user_id)
        key = hashlib.sha256(request.id.encode()).hexdigest()  # ids may have any characters, keys may not
        try:
            result = await self._app.execute(command, idempotency_key=key)
        except (InvalidMessageError, UnusableMessageError) as error:
            raise _RefusedError(error.message if isinstance(error, DuologError) else str(error)) from error
        except IdempotencyKeyReusedError as error:
            message = "its id was used for another message"
            raise _RefusedError(message) from error
        return msgspec.json.encode(intent_answer(result))

    async def _refuse(self, entry: Entry, reason: str) -> None:
        _log.warning("entry %s is set aside: %s", entry.place, reason)
        await self._stream.refuse(entry, reason)


def _read(entry: Entry) -> _Request:
    try:
        fields = {name.decode(): value.decode() for name, value in entry.fields.items()}
        return msgspec.convert(fields, _Request)
    except (UnicodeDecodeError, msgspec.ValidationError) as error:
        message = "it does not have the fields id, message, conversation_id and user_id, as texts in UTF-8"
        raise _RefusedError(message) from error
