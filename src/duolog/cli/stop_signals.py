"""The signals that end a command in good order, and a second one at once."""

import asyncio
import signal
from collections.abc import Generator
from contextlib import contextmanager
from types import FrameType
from typing import Final

_SIGNALS: Final = (signal.SIGINT, signal.SIGTERM)


class StopSignal:
    """Whether SIGINT or SIGTERM came, and which.

    Attributes:
        number: the signal; None while none came.
    """

    __slots__ = ("_came", "number")

    def __init__(self) -> None:
        self._came = asyncio.Event()
        self.number: int | None = None

    @property
    def came(self) -> bool:
        """Whether one came."""
        return self.number is not None

    @property
    def exit_code(self) -> int:
        """What a process that a signal ended answers, by a shell's convention; 0 if none came."""
        return 0 if self.number is None else 128 + self.number

    async def wait(self) -> None:
        """Return once one came."""
        await self._came.wait()

    def note(self, number: int, loop: asyncio.AbstractEventLoop) -> None:
        """Note that one came; called by the signal's handler."""
        self.number = number
        loop.call_soon_threadsafe(self._came.set)


@contextmanager
def stop_signals() -> Generator[StopSignal]:
    """Note the first SIGINT or SIGTERM instead of obeying it; a second one does what it did before.

    To be entered on a running event loop, in the main thread.
    """
    loop = asyncio.get_running_loop()
    stop = StopSignal()
    before = {number: signal.getsignal(number) for number in _SIGNALS}

    def give_back() -> None:
        for number, handler in before.items():
            signal.signal(number, handler)

    def on_signal(number: int, _frame: FrameType | None) -> None:
        give_back()
        stop.note(number, loop)

    for number in _SIGNALS:
        signal.signal(number, on_signal)
    try:
        yield stop
    finally:
        give_back()
