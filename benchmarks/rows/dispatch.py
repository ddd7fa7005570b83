"""What the way from a message to its handler costs: nothing but calls, no database."""

import logging
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cqrs
import di
from cqrs.bootstrap import requests as cqrs_bootstrap
from cqrs.container.dishka import DishkaCQRSContainer
from cqrs.container.scope import ScopeStrategy
from dishka import Provider, Scope, make_async_container

from benchmarks.harness.case import Case, Comparison, Round, Target
from benchmarks.harness.sizes import Sizes
from benchmarks.harness.stopwatch import time_loop
from benchmarks.workloads.application import SECRET
from duolog import Application, Binding, Call, Command, MessageContext, Query
from duolog.dispatch.context import ScopeKind
from duolog.dispatch.pipeline import build_pipeline


@dataclass(frozen=True, slots=True)
class GreetCommand(Command[str]):
    name: str
    times: int = 1


class GreetInteractor:
    async def execute(self, cmd: GreetCommand) -> str:
        return cmd.name


@dataclass(frozen=True, slots=True)
class GreetingQuery(Query[str]):
    name: str
    times: int = 1


class GreetingQueryService:
    async def execute(self, query: GreetingQuery) -> str:
        return query.name


class PassOn:
    """A middleware that does nothing but pass the message on."""

    def __init__(self, name: str) -> None:
        self.name = name

    def build(self, binding: Binding[Any, Any], proceed: Call) -> Call:  # noqa: ARG002 - the signature of all
        async def call(context: MessageContext) -> object:
            return await proceed(context)

        return call


# As in https://github.com/vadikko2/python-cqrs#quick-start
class PeerCommand(cqrs.Request):
    name: str
    times: int = 1


class PeerResponse(cqrs.Response):
    name: str


class PeerHandler(cqrs.RequestHandler[PeerCommand, PeerResponse]):
    @property
    def events(self) -> list[cqrs.Event]:
        return []

    async def handle(self, request: PeerCommand) -> PeerResponse:
        return PeerResponse(name=request.name)


def dispatch(sizes: Sizes) -> Comparison:
    """Compare ways from a message to its handler."""
    count = sizes.dispatches

    @asynccontextmanager
    async def direct(_: Path) -> AsyncGenerator[Round]:
        handler, command = GreetInteractor(), GreetCommand("Ada")
        yield lambda: time_loop(lambda: handler.execute(command), count)

    def pipeline(middleware: int) -> Callable[[Path], Any]:
        @asynccontextmanager
        async def opened(_: Path) -> AsyncGenerator[Round]:
            handler, command = GreetInteractor(), GreetCommand("Ada")
            layers = [PassOn(f"layer {number}") for number in range(middleware)]
            binding = GreetCommand.handled_by(GreetInteractor)
            calls = {
                GreetCommand: build_pipeline(binding, layers, lambda context: handler.execute(context.message)),  # type: ignore[arg-type]
            }
            kind = ScopeKind.COMMAND  # looked up once, as a dispatcher's route does
            yield lambda: time_loop(lambda: calls[type(command)](MessageContext(command, kind)), count)

        return opened

    @asynccontextmanager
    async def application() -> AsyncGenerator[Application]:
        app = Application(
            "dispatch",
            database="memory://",
            handlers=[
                GreetCommand.handled_by(GreetInteractor),
                GreetingQuery.handled_by(GreetingQueryService, reads=[]),
            ],
            secret=SECRET,
        )
        async with app:
            yield app

    @asynccontextmanager
    async def command(_: Path) -> AsyncGenerator[Round]:
        async with application() as app:
            message = GreetCommand("Ada")
            yield lambda: time_loop(lambda: app.execute(message), count)

    @asynccontextmanager
    async def query(_: Path) -> AsyncGenerator[Round]:
        async with application() as app:
            message = GreetingQuery("Ada")
            yield lambda: time_loop(lambda: app.query(message), count)

    @asynccontextmanager
    async def peer(_: Path) -> AsyncGenerator[Round]:
        logging.getLogger("cqrs").setLevel(logging.WARNING)  # its lines for each message would be most of the time
        mediator = cqrs_bootstrap.bootstrap(di_container=di.Container(), commands_mapper=_map)
        message = PeerCommand(name="Ada")
        yield lambda: time_loop(lambda: mediator.send(message), count)

    @asynccontextmanager
    async def peer_with_dishka(_: Path) -> AsyncGenerator[Round]:
        logging.getLogger("cqrs").setLevel(logging.WARNING)
        provider = Provider(scope=Scope.REQUEST)
        provider.provide(PeerHandler)
        container = make_async_container(provider)
        mediator = cqrs_bootstrap.bootstrap(
            di_container=DishkaCQRSContainer(container),
            commands_mapper=_map,
            scope_strategy=ScopeStrategy.SEND,
        )
        message = PeerCommand(name="Ada")
        yield lambda: time_loop(lambda: mediator.send(message), count)
        await container.close()

    cases = (
        Case("direct await", direct),
        Case("duolog, no middleware", pipeline(0)),
        Case("duolog, three middleware", pipeline(3)),
        Case("duolog, whole pipeline, query", query),
        Case("duolog, whole pipeline, command", command),
        Case("python-cqrs, bootstrap mediator", peer),
        Case("python-cqrs, dishka scope for each message", peer_with_dishka),
    )
    return Comparison(
        "dispatch",
        "From a message to its handler",
        "message",
        cases,
        reference="direct await",
        per_operation=True,
        targets=(
            Target("duolog, no middleware", "direct await", 0.5, "no middleware: ≥ 0.5x a direct await"),
            Target("duolog, three middleware", "direct await", 1 / 6, "three middleware: ≥ 0.17x a direct await"),
            Target("duolog, whole pipeline, query", "", 100_000, "whole pipeline, query: ≤ 10 µs"),
            Target("duolog, whole pipeline, command", "", 100_000, "whole pipeline, command: ≤ 10 µs"),
            Target(
                "duolog, whole pipeline, command",
                "python-cqrs, bootstrap mediator",
                10,
                "whole pipeline: ≥ 10x python-cqrs' bootstrap mediator",
            ),
        ),
    )


def _map(mapper: Any) -> None:
    mapper.bind(PeerCommand, PeerHandler)
