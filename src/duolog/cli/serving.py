"""How a web application is served, whichever server does it."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from socket import socket

from duolog.cli.target import Asgi


@dataclass(frozen=True, slots=True)
class Serving:
    """How a web application is served.

    Attributes:
        web: the web application; with several workers each of them makes its own copy of this value.
        on_started: called once the application has started; with several workers, before they start.
        on_stopping: awaited when the signal to stop has come, before open requests are waited for: streams that would
            never end by themselves are to end. With several workers it is not called; they are cut off in the end.
        workers: number of processes.
        drain_seconds: how long open requests may go on after the signal to stop.
        quiet: log warnings and errors only, and no requests.
    """

    web: Asgi
    on_started: Callable[[], None]
    on_stopping: Callable[[], Awaitable[None]]
    workers: int = 1
    drain_seconds: float = 10.0
    quiet: bool = False


Serve = Callable[[Serving, socket], bool]
