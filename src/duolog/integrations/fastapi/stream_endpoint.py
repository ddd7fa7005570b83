"""Answers a stream query item by item, as lines of JSON or as CSV."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import msgspec
from fastapi.encoders import jsonable_encoder
from starlette.requests import Request
from starlette.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

from duolog.application.application import Application
from duolog.dispatch.shield import shielded
from duolog.integrations.fastapi.media_types import CSV, NDJSON, wanted_media
from duolog.integrations.fastapi.message_parts import MessageParts
from duolog.integrations.fastapi.request_context import request_metadata
from duolog.integrations.fastapi.request_parameters import asked_position, refuse_unknown_parameters
from duolog.messages.binding import Binding
from duolog.read.csv_text import CsvText

_CHUNK: Final = 32 * 1024
_LONGEST_DELAY: Final = 0.05

_encoder: Final = msgspec.json.Encoder(enc_hook=jsonable_encoder)


@dataclass(frozen=True, slots=True)
class StreamEndpoint:
    """Answers a stream query.

    Attributes:
        app: answers it.
        binding: which one.
        parts: how it is made.
        csv: writes its items as CSV; None if they have no fields.
    """

    app: Application
    binding: Binding[Any, Any]
    parts: MessageParts
    csv: CsvText | None

    @property
    def offered(self) -> Sequence[str]:
        """The media types that it answers with."""
        return (NDJSON,) if self.csv is None else (NDJSON, CSV)

    async def answer(self, request: Request, values: Mapping[str, Any]) -> StreamingResponse:
        """Answer one request; the headers are sent when there is a first item, so that refusals have their status.

        Args:
            request: the request.
            values: the parts of its message that FastAPI has read.

        Raises:
            RequestRefusedError: it has an unknown parameter or a malformed header.
            Exception: what the pipeline or the handler raises before the first item.
        """
        given = refuse_unknown_parameters(request, self.parts)
        message = self.parts.make(values, given, {})
        items = self.app.stream(message, after=asked_position(request), metadata=request_metadata(request))
        media = wanted_media(request, self.offered)
        first = [item async for item in _first(items)]
        if media == CSV and self.csv is not None:
            chunks = _chunks(self.csv.header().encode(), first, items, _csv_line(self.csv))
            headers = {"Content-Type": "text/csv; charset=utf-8; header=present", "Content-Disposition": "attachment"}
        else:
            chunks = _chunks(b"", first, items, _json_line)
            headers = {"Content-Type": NDJSON}
        return _Streamed(chunks, items, {**headers, "Vary": "Accept", "Cache-Control": "no-store"})


class _Streamed(StreamingResponse):
    """An answer that ends its stream, and with it the query's scope, however the sending ends."""

    def __init__(
        self, chunks: AsyncGenerator[bytes, None], items: AsyncGenerator[Any, None], headers: Mapping[str, str]
    ) -> None:
        super().__init__(chunks, headers=headers)
        self._chunks = chunks
        self._items = items

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the answer; who went away is noticed, and nothing more is read for them."""
        try:
            await super().__call__(scope, receive, send)
        finally:
            await shielded(self._end())

    async def _end(self) -> None:
        await self._chunks.aclose()
        await self._items.aclose()


async def _first(items: AsyncGenerator[Any, None]) -> AsyncGenerator[Any, None]:
    """Give the first item, if there is one; the stream stays open."""
    try:
        yield await anext(items)
    except StopAsyncIteration:
        return


async def _chunks(
    head: bytes, first: Sequence[Any], items: AsyncGenerator[Any, None], line: Callable[[Any], bytes]
) -> AsyncGenerator[bytes, None]:
    """Give what is to be sent, in pieces of some size: many small ones would cost more than what is in them."""
    loop = asyncio.get_running_loop()
    buffer, sent = bytearray(head), loop.time()
    for item in first:
        buffer += line(item)
    async for item in items:
        buffer += line(item)
        now = loop.time()
        if len(buffer) >= _CHUNK or now - sent >= _LONGEST_DELAY:
            yield bytes(buffer)
            buffer.clear()
            sent = loop.time()
    if buffer:
        yield bytes(buffer)


def _json_line(item: Any) -> bytes:
    return _encoder.encode(item) + b"\n"


def _csv_line(csv: CsvText) -> Callable[[Any], bytes]:
    return lambda item: csv.line(item).encode()
