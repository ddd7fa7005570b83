"""Serving a web application with uvicorn, in this process or in several."""

import copy
import math
import signal
from socket import socket
from typing import Any

import uvicorn
from uvicorn.config import LOGGING_CONFIG, STARTUP_FAILURE
from uvicorn.supervisors.multiprocess import Multiprocess

from duolog.cli.serving import Serving


def serve(serving: Serving, listener: socket) -> bool:
    """Serve until SIGINT or SIGTERM, then let open requests end.

    Args:
        serving: what is served, and how.
        listener: a bound socket.

    Returns:
        Whether the application started; if not, the reason was logged.
    """
    config = uvicorn.Config(
        serving.web,
        interface="asgi3",
        lifespan="on",  # the application lives in it, projections and all
        workers=serving.workers,
        log_config=_all_on_standard_error(),
        log_level="warning" if serving.quiet else "info",
        access_log=not serving.quiet,
        timeout_graceful_shutdown=math.ceil(serving.drain_seconds),
    )
    if serving.workers > 1:
        serving.on_started()
        return _serve_in_many(config, listener)
    # uvicorn raises the signal again once it has drained; then both are the ordinary end of serving.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        _AnnouncingServer(config, serving).run(sockets=[listener])
    except KeyboardInterrupt:
        return True
    except SystemExit as ended:
        if ended.code != STARTUP_FAILURE:
            raise
        return False
    return True


def _all_on_standard_error() -> dict[str, Any]:
    """Return uvicorn's logging with its requests beside all else: standard output is what the command answers."""
    config = copy.deepcopy(LOGGING_CONFIG)
    config["handlers"]["access"]["stream"] = "ext://sys.stderr"
    return config


def _serve_in_many(config: uvicorn.Config, listener: socket) -> bool:
    supervisor = Multiprocess(config, sockets=[listener])
    supervisor.run()
    return all(process.exitcode != STARTUP_FAILURE for process in supervisor.processes)


class _AnnouncingServer(uvicorn.Server):
    """Tells when the application has started, which uvicorn does not where it is handed a socket; and when it stops."""

    def __init__(self, config: uvicorn.Config, serving: Serving) -> None:
        super().__init__(config)
        self._serving = serving

    async def startup(self, sockets: list[socket] | None = None) -> None:
        """Start the application and accept connections."""
        await super().startup(sockets)
        self._serving.on_started()

    async def shutdown(self, sockets: list[socket] | None = None) -> None:
        """Let endless requests end, then wait for the others and stop the application."""
        await self._serving.on_stopping()
        await super().shutdown(sockets)
