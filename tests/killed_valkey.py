"""Valkey servers that are killed."""

import os
import signal

from redis.asyncio import Redis


async def kill_valkey(url: str) -> None:
    """End a server on this machine by SIGKILL: connections break, and whatever it was doing stops."""
    async with Redis.from_url(url) as client:
        pid = int((await client.info("server"))["process_id"])
    os.kill(pid, signal.SIGKILL)
