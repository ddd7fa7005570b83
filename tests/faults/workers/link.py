"""A network link between processes and the server that can be taken down without anybody being told."""

import asyncio
import os
import shutil
import subprocess
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Protocol
from urllib.parse import urlsplit

import pytest


class Link(Protocol):
    """A link to the server."""

    @property
    def url(self) -> str:
        """The database's URL over the link."""
        ...

    @property
    def prefix(self) -> Sequence[str]:
        """What stands before the command line of a program at the other end."""
        ...

    def down(self) -> None:
        """From now on nothing comes through, in either direction; nothing is closed or refused."""
        ...

    def up(self) -> None:
        """From now on everything comes through again."""
        ...


class Relay:
    """Passes bytes between clients and the server, or holds them back while it is `held`.

    Args:
        server: host and port of the server.
    """

    def __init__(self, server: tuple[str, int]) -> None:
        self._server = server
        self._flows = asyncio.Event()
        self._flows.set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._writers: list[asyncio.StreamWriter] = []

    def hold(self) -> None:
        """Hold everything back from now on."""
        self._flows.clear()

    def release(self) -> None:
        """Pass on what was held back."""
        self._flows.set()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Pass the bytes of one connection, until both of its sides are closed."""
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        self._writers.append(writer)
        with suppress(OSError):
            await self._flows.wait()
            from_server, to_server = await asyncio.open_connection(*self._server)
            self._writers.append(to_server)
            await asyncio.gather(self._pass(reader, to_server), self._pass(from_server, writer))

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            while data := await reader.read(65_536):
                await self._flows.wait()
                writer.write(data)
                await writer.drain()
        writer.close()

    async def close(self) -> None:
        """Cut what is left."""
        for task in tuple(self._tasks):
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks)
        for writer in self._writers:
            writer.transport.abort()
        await asyncio.sleep(0)  # then they are closed


@dataclass(frozen=True, slots=True)
class HeldLink:
    """A `Link` whose other end is in this machine, and acknowledges what is never answered."""

    url: str
    relay: Relay
    prefix: Sequence[str] = ()

    def down(self) -> None:
        """As `Link.down`."""
        self.relay.hold()

    def up(self) -> None:
        """As `Link.up`."""
        self.relay.release()


@dataclass(frozen=True, slots=True)
class NetworkLink:
    """A `Link` to a network namespace, over which packets get lost."""

    url: str
    device: str
    prefix: Sequence[str]

    def down(self) -> None:
        """As `Link.down`."""
        _ip("link", "set", self.device, "down")

    def up(self) -> None:
        """As `Link.up`."""
        _ip("link", "set", self.device, "up")


@asynccontextmanager
async def held_link(url: str) -> AsyncGenerator[Link]:
    """A link that holds bytes back, for a block."""
    async with _relay(url, "127.0.0.1") as (relay, through):
        yield HeldLink(through, relay)


@asynccontextmanager
async def network_link(url: str) -> AsyncGenerator[Link]:
    """A link of the kernel's, for a block; where none may be made, the test is skipped."""
    number = os.getpid() % 60_000
    name, near, far = f"dl{number}", f"dl{number}n", f"dl{number}f"
    net = f"10.{200 + number % 50}.{number // 250}"
    if shutil.which("ip") is None or os.geteuid() != 0 or not _try_ip("netns", "add", name):
        pytest.skip("only root with iproute2 may make a network, and not everywhere")
    try:
        _ip("link", "add", near, "type", "veth", "peer", "name", far)
        _ip("link", "set", far, "netns", name)
        _ip("address", "add", f"{net}.1/30", "dev", near)
        _ip("link", "set", near, "up")
        _ip("-n", name, "address", "add", f"{net}.2/30", "dev", far)
        _ip("-n", name, "link", "set", far, "up")
        _ip("-n", name, "link", "set", "lo", "up")
        async with _relay(url, f"{net}.1") as (_, through):
            yield NetworkLink(through, near, ("ip", "netns", "exec", name))
    finally:
        _try_ip("link", "del", near)
        _try_ip("netns", "del", name)


@asynccontextmanager
async def _relay(url: str, host: str) -> AsyncGenerator[tuple[Relay, str]]:
    parts = urlsplit(url)
    relay = Relay((parts.hostname or "", parts.port or 5432))
    server = await asyncio.start_server(relay.serve, host, 0)
    port = server.sockets[0].getsockname()[1]
    try:
        yield relay, parts._replace(netloc=f"{parts.netloc.rpartition('@')[0]}@{host}:{port}").geturl()
    finally:
        server.close()
        await relay.close()


def _try_ip(*arguments: str) -> bool:
    return subprocess.run(["ip", *arguments], check=False, capture_output=True).returncode == 0  # noqa: S607 - ours


def _ip(*arguments: str) -> None:
    subprocess.run(["ip", *arguments], check=True, capture_output=True)  # noqa: S607 - where it is differs
