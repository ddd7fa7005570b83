from collections.abc import Sequence
from typing import Any

import pytest

from duolog import Call, MessageContext, Metadata, Middleware, after, before
from duolog.dispatch.pipeline import Placed
from duolog.errors import ConfigurationError, InvalidMessageError, NotAuthorizedError, TimeLimitExceededError
from duolog.messages.binding import Binding
from duolog.testing import application
from tests.unit.dispatch.counters import MOVE, CounterProvider, Move, MoveInteractor, Script

ORDER = (
    "context",
    "tracing",
    "metrics",
    "validation",
    "authorisation",
    "after_position",
    "time_limit",
    "idempotency",
    "conflict_retry",
    "unit_of_work",
    "read_scope",
    "cache",
)


class Noting:
    """Notes its name when a message passes."""

    def __init__(self, name: str, passed: list[str]) -> None:
        self.name = name
        self._passed = passed

    def build(self, binding: Binding[Any, Any], proceed: Call) -> Call:  # noqa: ARG002 - the signature of all
        async def call(context: MessageContext) -> object:
            self._passed.append(self.name)
            return await proceed(context)

        return call


async def passed_by(placed: Sequence[Placed], passed: list[str]) -> list[str]:
    async with application(MOVE, providers=[CounterProvider()], middleware=placed) as app:
        await app.execute(Move("a"))
    return passed


async def test_the_order_is_context_to_cache() -> None:
    passed: list[str] = []
    around = [before(name, Noting(f"outside {name}", passed)) for name in ORDER]
    assert await passed_by(around, passed) == [f"outside {name}" for name in ORDER]


def test_there_is_no_middleware_beside_those() -> None:
    with pytest.raises(ConfigurationError) as raised:
        application(middleware=[before("caching", Noting("mine", []))])
    assert raised.value.message == "there is no middleware named 'caching'"
    assert raised.value.hint == f"There are: {', '.join(ORDER)}."


async def test_middleware_stand_right_outside_and_right_inside_their_anchor_in_the_order_given() -> None:
    passed: list[str] = []
    placed = [
        before("tracing", Noting("a", passed)),
        before("tracing", Noting("b", passed)),
        after("tracing", Noting("c", passed)),
        after("tracing", Noting("d", passed)),
        before("validation", Noting("e", passed)),
        after("a", Noting("f", passed)),
    ]
    assert await passed_by(placed, passed) == ["a", "f", "b", "c", "d", "e"]


def test_two_middleware_of_one_name_are_an_error() -> None:
    with pytest.raises(ConfigurationError, match="two middleware are named 'tracing'"):
        application(middleware=[after("context", Noting("tracing", []))])


async def test_a_middleware_wraps_each_binding_once_at_the_start() -> None:
    built: list[str] = []

    class Counting:
        name = "counting"

        def build(self, binding: Binding[Any, Any], proceed: Call) -> Call:
            built.append(binding.name)
            return proceed

    mine: Middleware = Counting()
    async with application(MOVE, providers=[CounterProvider()], middleware=[after("context", mine)]) as app:
        await app.execute(Move("a"))
        await app.execute(Move("a"))
    assert built == ["Move"]


class Refusing:
    async def authorize(self, message: object, metadata: Metadata) -> None:
        del metadata
        text = f"{type(message).__name__} is refused"
        raise NotAuthorizedError(text)


async def test_authorisation_refuses_before_the_handler_is_built() -> None:
    script = Script()
    async with application(MOVE, providers=[CounterProvider(script)], authorizer=Refusing()) as app:
        with pytest.raises(NotAuthorizedError, match="Move is refused"):
            await app.execute(Move("a"))
    assert script.built == 0


async def test_validation_refuses_before_authorisation_is_asked() -> None:
    async with application(MOVE, providers=[CounterProvider()], authorizer=Refusing()) as app:
        with pytest.raises(InvalidMessageError):
            await app.execute(Move(""))


async def test_a_time_limit_of_the_handlers_own_is_not_taken_for_the_commands() -> None:
    async def times_out(_: MoveInteractor) -> None:
        raise TimeoutError

    async with application(MOVE, providers=[CounterProvider(Script(times_out))]) as app:
        with pytest.raises(TimeoutError) as raised:
            await app.execute(Move("a"))
        assert not isinstance(raised.value, TimeLimitExceededError)
