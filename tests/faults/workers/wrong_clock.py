"""Runs a module with a wrong clock: ``python -m tests.faults.workers.wrong_clock SECONDS MODULE ARGUMENT ...``.

Every way in which Python tells the time of day is put off, before anything of duolog is imported. What measures how
long something takes is left alone, since no clock that is set wrong changes that.
"""

import datetime as dt
import runpy
import sys
import time
from collections.abc import Callable
from typing import Any


def put_off(seconds: int) -> None:
    """Put this process's clock off."""
    now: Callable[[], float] = time.time
    now_ns: Callable[[], int] = time.time_ns
    real = dt.datetime
    difference = dt.timedelta(seconds=seconds)

    class Kind(type):
        """Takes real datetimes for those of the wrong clock, too."""

        def __instancecheck__(cls, instance: object) -> bool:
            return isinstance(instance, real)

    class WrongDatetime(dt.datetime, metaclass=Kind):
        """A datetime whose clock is wrong."""

        @classmethod
        def now(cls, tz: dt.tzinfo | None = None) -> Any:
            return real.now(tz) + difference

        @classmethod
        def utcnow(cls) -> Any:
            return real.now(dt.UTC).replace(tzinfo=None) + difference

        @classmethod
        def today(cls) -> Any:
            return real.now() + difference

    time.time = lambda: now() + seconds
    time.time_ns = lambda: now_ns() + seconds * 1_000_000_000
    dt.datetime = WrongDatetime  # type: ignore[misc]  # that is what this is for


if __name__ == "__main__":
    put_off(int(sys.argv[1]))
    module = sys.argv[2]
    sys.argv[:] = [module, *sys.argv[3:]]
    runpy.run_module(module, run_name="__main__", alter_sys=True)
