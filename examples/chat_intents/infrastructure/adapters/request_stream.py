"""Requests in a stream of Valkey or Redis, which workers share, and the stream of their answers."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from typing import Any, Final

from redis.asyncio import Redis
from redis.exceptions import ResponseError

_WRITE_ANSWER: Final = (files("chat_intents.infrastructure.adapters") / "write_answer.lua").read_text(encoding="utf-8")
_MOST_ANSWERS: Final = 100_000
_MARK_SECONDS: Final = 86_400.0


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of the stream.

    Attributes:
        place: its id in the stream; the same message may stand in several places.
        fields: what it holds.
    """

    place: str
    fields: Mapping[bytes, bytes]


class RequestStream:
    """One worker's end of the streams.

    An entry that was taken is this worker's until it is done; what another worker has neither finished nor held for a
    time can be taken over. So an entry is handled at least once. Answers are written once for each message id, as long
    as the marks are kept.

    Args:
        client: the connections, which stay the caller's; without ``decode_responses``, and more patient than the
            longest wait for an entry.
        worker: this worker's name, like no other's.
        prefix: of the keys: ``requests``, ``answers`` and ``refused`` are streams, ``answered:...`` are the marks.
        group: the group of workers that share the requests; a stream of requests has one group only.
    """

    def __init__(self, client: Redis, worker: str, *, prefix: str = "intents:", group: str = "classifiers") -> None:
        self._client = client
        self._worker = worker
        self._requests = f"{prefix}requests"
        self._answers = f"{prefix}answers"
        self._refused = f"{prefix}refused"
        self._marks = f"{prefix}answered:"
        self._group = group

    async def prepare(self) -> None:
        """Make the stream and the group where they are missing.

        Raises:
            RedisError: the server failed.
        """
        try:
            await self._client.xgroup_create(self._requests, self._group, id="0", mkstream=True)
        except ResponseError as error:
            if not str(error).startswith("BUSYGROUP"):
                raise

    async def take(self, most: int, *, wait_seconds: float) -> Sequence[Entry]:
        """Take entries that no worker has had yet.

        Args:
            most: so many at most.
            wait_seconds: how long to wait for the first, in seconds.

        Raises:
            RedisError: the server failed.
        """
        found: Any = await self._client.xreadgroup(
            self._group, self._worker, {self._requests: ">"}, count=most, block=max(1, round(wait_seconds * 1_000))
        )
        by_stream: dict[bytes, Any] = dict(found or ())
        return [entry for rows in by_stream.values() for entry in _entries(rows)]

    async def take_over(self, most: int, *, idle_seconds: float) -> Sequence[Entry]:
        """Take entries that their worker has not held for a time: it is dead, or could not finish them.

        Args:
            most: so many at most.
            idle_seconds: for how long, in seconds.

        Raises:
            RedisError: the server failed.
        """
        taken: list[Entry] = []
        cursor = "0-0"
        while len(taken) < most:
            found: Any = await self._client.xautoclaim(
                self._requests,
                self._group,
                self._worker,
                min_idle_time=round(idle_seconds * 1_000),
                start_id=cursor,
                count=most - len(taken),
            )
            cursor, rows = _text(found[0]), found[1]
            taken += _entries(rows)
            if cursor == "0-0":
                break
        return taken

    async def hold(self, entries: Sequence[Entry]) -> None:
        """Say that this worker still works on entries.

        Raises:
            RedisError: the server failed.
        """
        places: Any = [entry.place for entry in entries]
        await self._client.xclaim(self._requests, self._group, self._worker, 0, places, justid=True)

    async def deliveries(self, entry: Entry) -> int:
        """Return how often an entry was taken.

        Raises:
            RedisError: the server failed.
        """
        found: Any = await self._client.xpending_range(
            self._requests, self._group, min=entry.place, max=entry.place, count=1
        )
        return int(found[0]["times_delivered"]) if found else 0

    async def answer(self, message_id: str, answer: bytes) -> bool:
        """Write the answer of a message, unless it was written before; tell whether it was written now.

        Raises:
            RedisError: the server failed; it may have written the answer nevertheless.
        """
        mark = self._marks + hashlib.sha256(message_id.encode()).hexdigest()
        given: Sequence[Any] = (round(_MARK_SECONDS * 1_000), _MOST_ANSWERS, message_id.encode(), answer)
        written: Any = await self._client.eval(_WRITE_ANSWER, 2, mark, self._answers, *given)
        return bool(written)

    async def refuse(self, entry: Entry, reason: str) -> None:
        """Set an entry aside, with the reason, and be done with it.

        Raises:
            RedisError: the server failed; nothing was changed, or all of it.
        """
        async with self._client.pipeline(transaction=True) as pipeline:
            fields: Any = {**entry.fields, b"reason": reason.encode()}
            _ = pipeline.xadd(self._refused, fields, maxlen=_MOST_ANSWERS, approximate=True)
            self._finish(pipeline, entry)
            await pipeline.execute()

    async def done(self, entry: Entry) -> None:
        """Be done with an entry: acknowledge it, and take it out of the stream, which so stays short.

        Raises:
            RedisError: the server failed; nothing was changed, or all of it.
        """
        async with self._client.pipeline(transaction=True) as pipeline:
            self._finish(pipeline, entry)
            await pipeline.execute()

    def _finish(self, pipeline: Any, entry: Entry) -> None:
        pipeline.xack(self._requests, self._group, entry.place)
        pipeline.xdel(self._requests, entry.place)


def _entries(rows: Any) -> list[Entry]:
    # An entry that was deleted while it was pending has no fields.
    return [Entry(_text(place), fields) for place, fields in rows if fields]


def _text(value: bytes | str) -> str:
    return value.decode() if isinstance(value, bytes) else value
