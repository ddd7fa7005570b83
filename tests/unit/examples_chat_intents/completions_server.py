"""A server that speaks OpenAI's chat completions, and misbehaves as it is told."""

import asyncio
import json
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Reply:
    """One answer.

    Attributes:
        body: what is sent.
        status: the HTTP status.
        headers: further headers.
        seconds: how long it is kept back.
        closes: the connection is cut instead.
    """

    body: bytes
    status: int = 200
    headers: tuple[tuple[str, str], ...] = ()
    seconds: float = 0.0
    closes: bool = False


def told(content: str) -> Reply:
    """A completion in which the model says something."""
    return Reply(json.dumps({"id": "x", "choices": [{"index": 0, "message": {"content": content}}]}).encode())


def told_intent(intent: str, confidence: float = 0.9) -> Reply:
    """A completion of the asked form."""
    return told(json.dumps({"intent": intent, "confidence": confidence}))


@dataclass
class CompletionsServer:
    """Gives prepared answers, one after the other; the last one for ever.

    Attributes:
        replies: the answers.
        bodies: of the requests that came.
        tokens: their ``Authorization`` headers.
        url: up to ``/v1``.
    """

    replies: Sequence[Reply]
    bodies: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    tokens: list[str] = field(default_factory=list[str])
    url: str = ""
    handling: set[asyncio.Task[None]] = field(default_factory=set[asyncio.Task[None]])

    def accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.handling.add(asyncio.create_task(self.handle(reader, writer)))

    async def handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await self.answer(reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass  # the client has gone
        finally:
            writer.close()
            with suppress(ConnectionError):
                await writer.wait_closed()

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        lines = head.split("\r\n")
        assert lines[0] == "POST /v1/chat/completions HTTP/1.1"
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines[1:])}
        body = json.loads(await reader.readexactly(int(headers["content-length"])))
        reply = self.replies[min(len(self.bodies), len(self.replies) - 1)]
        self.bodies.append(body)
        self.tokens.append(headers.get("authorization", ""))
        await asyncio.sleep(reply.seconds)
        if not reply.closes:
            sent = {"Content-Length": str(len(reply.body)), "Connection": "close", **dict(reply.headers)}
            rows = "".join(f"{name}: {value}\r\n" for name, value in sent.items())
            writer.write(f"HTTP/1.1 {reply.status} X\r\n{rows}\r\n".encode() + reply.body)
            await writer.drain()


@asynccontextmanager
async def serving(*replies: Reply) -> AsyncGenerator[CompletionsServer]:
    """Serve on the loopback address for the length of the block."""
    completions = CompletionsServer(replies)
    server = await asyncio.start_server(completions.accept, "127.0.0.1", 0)
    host, port = server.sockets[0].getsockname()
    completions.url = f"http://{host}:{port}/v1"
    try:
        yield completions
    finally:
        server.close()
        for task in completions.handling:
            task.cancel()
        await asyncio.gather(*completions.handling, return_exceptions=True)
