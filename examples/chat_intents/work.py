"""Answer the requests of a stream in Valkey or Redis: ``python -m chat_intents.work``."""

import asyncio
import logging
import os
import signal
import sys
from typing import Final
from uuid import uuid4

from chat_intents.infrastructure.adapters.redis_client import quick_client
from chat_intents.infrastructure.adapters.request_stream import RequestStream
from chat_intents.presentation.request_worker import RequestWorker
from chat_intents.presentation.settings import ServiceSettings
from duolog.errors import ConfigurationError

_SECONDS: Final = 5.0  # longer than the longest wait for an entry
_WRONG_ENVIRONMENT: Final = 2


async def work(settings: ServiceSettings) -> None:
    """Work until a signal asks to stop.

    Args:
        settings: with a Valkey or Redis server, and a database that outlives the process.

    Raises:
        ConfigurationError: one of them is missing.
    """
    if not settings.adapters.redis_url:
        message = "INTENTS_REDIS must name the server of the stream"
        raise ConfigurationError(message, hint="Write INTENTS_REDIS=redis://127.0.0.1:6379/0.")
    if not settings.is_kept:
        message = "INTENTS_DATABASE must name a database that outlives the worker: it knows what is answered"
        raise ConfigurationError(message, hint="Write INTENTS_DATABASE=sqlite:///intents.db.")
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    client = quick_client(settings.adapters.redis_url, seconds=_SECONDS)
    async with settings.make_application() as app, client:
        sys.stdout.write("working\n")
        sys.stdout.flush()
        await RequestWorker(app, RequestStream(client, f"worker-{uuid4().hex}")).run(stop)


def main() -> None:
    """Read the environment, and work; what is wrong with it is said in a sentence, with exit code 2."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    try:
        asyncio.run(work(ServiceSettings.of(os.environ)))
    except ConfigurationError as error:
        sys.stderr.write(f"error: {error}\n")
        sys.exit(_WRONG_ENVIRONMENT)


if __name__ == "__main__":
    main()
