"""When calls are refused."""

import asyncio

import pytest

from chat_intents.domain.errors import ClassifierUnavailableError
from chat_intents.infrastructure.adapters.circuit_breaker import CircuitBreaker


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def call(breaker: CircuitBreaker, error: BaseException | None = None) -> None:
    with breaker.call():
        if error is not None:
            raise error


def fail(breaker: CircuitBreaker) -> None:
    with pytest.raises(OSError, match="down"):
        call(breaker, OSError("down"))


def assert_refused(breaker: CircuitBreaker) -> None:
    with pytest.raises(ClassifierUnavailableError, match="spared"):
        call(breaker)


def test_only_failures_in_a_row_count() -> None:
    """A success in between begins the count anew."""
    breaker = CircuitBreaker(failures=2, clock=Clock())
    for _ in range(5):
        fail(breaker)
        call(breaker)


def test_a_failed_trial_refuses_for_the_same_time_again() -> None:
    """One trial at a time."""
    clock = Clock()
    breaker = CircuitBreaker(failures=2, open_seconds=10, clock=clock)
    fail(breaker)
    fail(breaker)
    assert_refused(breaker)
    clock.now += 10
    trial = breaker.call()
    trial.__enter__()
    assert_refused(breaker)  # while the trial is under way
    down = OSError("down")
    assert not trial.__exit__(OSError, down, None)  # it is not swallowed
    assert_refused(breaker)
    clock.now += 10
    call(breaker)
    call(breaker)


def test_a_cancelled_trial_is_no_verdict() -> None:
    """The next call is the trial."""
    clock = Clock()
    breaker = CircuitBreaker(failures=1, open_seconds=10, clock=clock)
    fail(breaker)
    clock.now += 10
    with pytest.raises(asyncio.CancelledError):
        call(breaker, asyncio.CancelledError())
    call(breaker)
