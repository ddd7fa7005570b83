"""The ASGI application that a web server process runs: the target, with start-up errors as people read them."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import cache
from typing import Final

from duolog.cli.target import Asgi, AsgiMessage, Target, load_target
from duolog.cli.terminal import printable
from duolog.errors import ConfigurationError, DuologError

_FAILED: Final = frozenset({"lifespan.startup.failed", "lifespan.shutdown.failed"})


@dataclass(frozen=True, slots=True)
class ServedTarget:
    """Sends everything on to the target; a worker process gets this by name and imports the target itself.

    Attributes:
        name: ``MODULE:ATTRIBUTE``.
        debug: leave tracebacks as they are.
    """

    name: str
    debug: bool = False

    async def __call__(
        self,
        scope: AsgiMessage,
        receive: Callable[[], Awaitable[AsgiMessage]],
        send: Callable[[AsgiMessage], Awaitable[None]],
    ) -> None:
        """Handle one request or the life of the application."""
        web = _web(self.name)
        if scope["type"] != "lifespan" or self.debug:
            await web(scope, receive, send)
            return
        # Frameworks report a failed start with the traceback as text, and raise after that. The report waits for the
        # error, which says more in one sentence.
        failures: list[AsgiMessage] = []

        async def hold_failure(message: AsgiMessage) -> None:
            if message["type"] in _FAILED:
                failures.append(message)
            else:
                await send(message)

        try:
            await web(scope, receive, hold_failure)
        except DuologError as error:
            for failure in failures:
                await send({"type": failure["type"], "message": _sentence(error)})
            raise
        except BaseException:
            for failure in failures:
                await send(failure)
            raise
        for failure in failures:
            await send(failure)

    async def end_watching(self) -> None:
        """Let the live queries of the target end."""
        await _target(self.name).application.end_watching()


def _sentence(error: DuologError) -> str:
    return "\n".join(printable(line) for line in str(error).splitlines())


@cache
def _target(name: str) -> Target:
    return load_target(name)


@cache
def _web(name: str) -> Asgi:
    web = _target(name).web
    if web is None:
        message = f"{name} has no HTTP side"
        raise ConfigurationError(message)
    return web
