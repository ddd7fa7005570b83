"""A connection to the server that can be cut in the middle of a call, on either side of its effect."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from urllib.parse import urlsplit


class Wire:
    """Passes bytes between clients and the server.

    Attributes:
        port: where it listens.
    """

    def __init__(self, host: str, port: int) -> None:
        self._server = (host, port)
        self._clients: set[asyncio.StreamWriter] = set()
        self._deaf: set[asyncio.StreamWriter] = set()
        self._said: dict[asyncio.StreamWriter, bytes] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._servers: set[asyncio.StreamWriter] = set()
        self.port = 0

    def swallow_answers(self, *, saying: bytes = b"") -> None:
        """From now on nothing that the server says on open connections arrives; ``saying`` as for `cut`."""
        self._deaf |= self._that_said(saying)

    def cut(self, *, saying: bytes = b"") -> None:
        """Cut the client's side of open connections; the server's side stays, and goes on with its call.

        Args:
            saying: only of those on which the client has last sent this.
        """
        for client in self._that_said(saying):
            client.transport.abort()
            self._clients.discard(client)

    def _that_said(self, saying: bytes) -> set[asyncio.StreamWriter]:
        return {client for client in self._clients if saying in self._said.get(client, b"")}

    async def close(self) -> None:
        """Cut both sides, and wait until everything has ended."""
        for each in (*self._clients, *self._servers):
            each.transport.abort()
        if self._tasks:
            await asyncio.wait(self._tasks)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Pass the bytes of one connection."""
        from_server, to_server = await asyncio.open_connection(*self._server)
        self._clients.add(writer)
        self._servers.add(to_server)
        self._tasks.add(asyncio.ensure_future(self._answers(from_server, writer)))
        with suppress(OSError):
            while data := await reader.read(65_536):
                self._said[writer] = data
                to_server.write(data)
        # The server is not told that its client is gone: as in a partition, it finds out by itself, later.

    async def _answers(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            while data := await reader.read(65_536):
                if writer not in self._deaf:
                    writer.write(data)
        writer.close()


@asynccontextmanager
async def wire_to(url: str) -> AsyncIterator[tuple[Wire, str]]:
    """Listen for a block; yields the wire, and the URL that goes through it."""
    parts = urlsplit(url)
    wire = Wire(parts.hostname or "", parts.port or 5432)
    server = await asyncio.start_server(wire.serve, "127.0.0.1", 0)
    wire.port = server.sockets[0].getsockname()[1]
    host = f"127.0.0.1:{wire.port}"
    try:
        yield wire, parts._replace(netloc=f"{parts.netloc.rpartition('@')[0]}@{host}").geturl()
    finally:
        server.close()
        await wire.close()
