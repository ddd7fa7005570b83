from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import Any, cast

import pytest

from duolog import Application, Command, Projection, Query, StreamQuery, ViewDatabase, command, event
from duolog.errors import (
    ConfigurationError,
    DuplicateHandlerError,
    MisfitHandlerError,
    MissingDriverError,
    MissingHandlerError,
    UnnamedTypeError,
)
from duolog.messages.binding import Binding
from duolog.messages.command import command_spec
from duolog.testing import application


@dataclass(frozen=True, slots=True)
class Greet(Command[str]):
    name: str


@dataclass(frozen=True, slots=True)
class Ask(Query[str]):
    name: str


@dataclass(frozen=True, slots=True)
class Watch(StreamQuery[str]):
    name: str


class GreetInteractor:
    async def execute(self, cmd: Greet) -> str:
        return cmd.name


class OtherGreetInteractor(GreetInteractor):
    """Greets the same way."""


class AskQueryService:
    async def execute(self, query: Ask) -> str:
        return query.name


class Silent:
    """Has no method `execute`."""


class Sync:
    def execute(self, cmd: Greet) -> str:
        return cmd.name


class Streaming:
    async def execute(self, query: Watch) -> AsyncIterator[str]:
        yield query.name


class Greedy:
    async def execute(self, cmd: Greet, loudly: bool) -> str:  # noqa: FBT001 - a misfit
        return cmd.name if loudly else ""


def misfit(message: Any, handler: object) -> Binding[Any, Any]:
    """Bind what the type checker refuses to bind."""
    return cast("Binding[Any, Any]", message.handled_by(handler))


async def test_a_message_without_a_handler_is_an_error_that_says_where_to_add_one() -> None:
    async with application() as app:
        with pytest.raises(MissingHandlerError, match=r"Greet has no handler\n.*`Greet.handled_by\(SomeHandler\)`"):
            await app.execute(Greet("ann"))


def test_two_handlers_for_one_message_are_an_error_that_names_both() -> None:
    with pytest.raises(DuplicateHandlerError) as raised:
        application(Greet.handled_by(GreetInteractor), Greet.handled_by(OtherGreetInteractor))
    assert f"{__name__}.GreetInteractor and {__name__}.OtherGreetInteractor" in str(raised.value)
    assert raised.value.hint


@pytest.mark.parametrize(
    ("binding", "says"),
    [
        (misfit(Greet, Silent), r"Silent, the handler of Greet, has no method `execute`"),
        (misfit(Greet, Sync), r"Sync, the handler of Greet, must have `async def execute`"),
        (misfit(Greet, Streaming), r"Streaming, the handler of Greet, must have `async def execute`"),
        (misfit(Greet, AskQueryService), r"AskQueryService, the handler of Greet, takes Ask"),
        (misfit(Greet, Greedy), r"Greedy, the handler of Greet, must take exactly one message"),
        (misfit(Greet, lambda mailer: mailer), r"<lambda>, the handler of Greet, is not a class"),
        (misfit(Watch, AskQueryService), r"the handler of Watch, must have `def execute` that returns an async iterat"),
    ],
)
def test_a_misfit_handler_is_an_error_that_names_handler_and_message(binding: Binding[Any, Any], says: str) -> None:
    with pytest.raises(MisfitHandlerError, match=says) as raised:
        application(binding)
    assert raised.value.hint


def test_a_handler_without_a_provider_for_what_it_takes_is_an_error_that_names_both() -> None:
    class Mailer:
        """Nobody provides it."""

    class MailingInteractor:
        def __init__(self, mailer: Mailer) -> None:
            self._mailer = mailer

        async def execute(self, cmd: Greet) -> str:
            return f"{cmd.name}{self._mailer}"

    with pytest.raises(ConfigurationError) as raised:
        application(Greet.handled_by(MailingInteractor))
    assert "Mailer" in raised.value.message
    assert "MailingInteractor" in raised.value.message
    assert "providers" in raised.value.hint


def test_a_stored_event_without_a_name_is_an_error_that_names_the_class() -> None:
    class Happened:
        """Has no @event."""

    with pytest.raises(UnnamedTypeError, match=r"Happened is stored, but has no name\n.*@event"):
        application(events=[Happened])


def test_two_events_with_one_name_are_an_error_that_names_both() -> None:
    @event("thing.happened")
    @dataclass(frozen=True, slots=True)
    class First:
        pass

    @event("thing.happened")
    @dataclass(frozen=True, slots=True)
    class Second:
        pass

    with pytest.raises(UnnamedTypeError, match=r"Second and .*First are both stored as 'thing.happened'"):
        application(events=[First, Second])

    class SecondProjection(Projection):
        name, version = "seconds", 1

        def __init__(self, db: ViewDatabase) -> None:
            self._db = db

        async def on_second(self, event: Second) -> None: ...

    with pytest.raises(UnnamedTypeError, match="are both stored as"):
        application(events=[First], projections=[SecondProjection])


def test_event_and_command_names_belong_outermost() -> None:
    @dataclass(frozen=True, slots=True)
    @event("thing.happened")
    class Happened:
        pass

    @dataclass(frozen=True, slots=True)
    @command("thing.do")
    class Do(Command[None]):
        pass

    with pytest.raises(UnnamedTypeError, match=r"is not the outermost decorator of .*Happened"):
        application(events=[Happened])
    with pytest.raises(UnnamedTypeError, match=r"is not the outermost decorator of .*Do"):
        command_spec(Do)


@pytest.mark.parametrize(
    ("url", "error", "says"),
    [
        ("couch://me:sesame@host/db", MissingDriverError, r"no adapter is installed for couch:.*\n.*memory, .*sqlite"),
        ("postgresql://me:sesame@host/db?colour=red", ConfigurationError, "colour"),
        ("users.db", ConfigurationError, "has no scheme"),
        ("memory://me:sesame@host", ConfigurationError, "it takes no name and no options"),
    ],
)
def test_an_unknown_database_is_an_error_that_lists_the_known_ones_and_hides_passwords(
    url: str, error: type[Exception], says: str
) -> None:
    with pytest.raises(error, match=says) as raised:
        application(database=url)
    assert "sesame" not in str(raised.value)


async def test_two_projections_of_one_name_are_an_error() -> None:
    def projection(name_of_class: str) -> type[Projection]:
        def init(self: object, db: ViewDatabase) -> None: ...

        return type(name_of_class, (Projection,), {"name": "same", "__init__": init})

    with pytest.raises(ConfigurationError, match="'same'"):
        async with application(projections=[projection("First"), projection("Second")]):
            pass


async def test_a_message_whose_annotation_cannot_be_resolved_is_an_error_that_names_it() -> None:
    @dataclass(frozen=True, slots=True)
    class Odd(Command[str]):
        name: "Nowhere"  # type: ignore[name-defined]  # noqa: F821  # pyright: ignore[reportUndefinedVariable]

    class OddInteractor:
        async def execute(self, cmd: Odd) -> str:
            return str(cmd)

    with pytest.raises(ConfigurationError, match=r"an annotation of .*Odd cannot be resolved.*Nowhere"):
        async with application(Odd.handled_by(OddInteractor)):
            pass


def test_the_application_keeps_the_order_of_its_bindings() -> None:
    app: Application = application(Greet.handled_by(GreetInteractor), Ask.handled_by(AskQueryService))
    handlers: list[Callable[..., object]] = [binding.handler for binding in app.bindings.values()]
    assert handlers == [GreetInteractor, AskQueryService]
