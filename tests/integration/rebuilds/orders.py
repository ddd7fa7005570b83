"""A shop whose view has releases: each may be another version, and may look at the clock though it must not."""

import asyncio
import time
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import ClassVar, Final

from duolog import Application, Projection, Query, ReadDatabase, ViewDatabase
from duolog.application.settings import Settings
from duolog.testing.applications import TEST_SECRET
from tests.unit.cli.shop import OrderPlaced, OrdersProvider, PlaceOrderCommand, PlaceOrderInteractor

NAME: Final = "order_totals"


class OrderTotals(Projection):
    """What each order cost; an amount of 13 it cannot count."""

    name, version = NAME, 1
    partitions = 2
    tables: ClassVar[Mapping[str, str]] = {
        NAME: f"CREATE TABLE {NAME} (id TEXT PRIMARY KEY, amount BIGINT NOT NULL, api_token TEXT NOT NULL)"
    }
    indexes: ClassVar[Mapping[str, str]] = {"totals_amount": f"CREATE INDEX totals_amount ON {NAME} (amount)"}

    def __init__(self, db: ViewDatabase) -> None:
        self._db = db

    async def on_placed(self, happened: OrderPlaced) -> None:
        if happened.amount == 13:
            message = "thirteen"
            raise ValueError(message)
        await self._put(happened.order_id, self.amount(happened))

    def amount(self, happened: OrderPlaced) -> int:
        return happened.amount

    async def _put(self, order: str, amount: int) -> None:
        await self._db.execute(
            f"INSERT INTO {NAME} (id, amount, api_token) VALUES (:id, :amount, 'hidden')",  # noqa: S608 - a constant
            {"id": order, "amount": amount},
        )


class DoubledTotals(OrderTotals):
    """The next release: it counts twice."""

    name, version = NAME, 2

    def amount(self, happened: OrderPlaced) -> int:
        return happened.amount * 2


class TimedTotals(OrderTotals):
    """A mutant: what it writes depends on when."""

    name, version = NAME, 1

    def amount(self, happened: OrderPlaced) -> int:
        return happened.amount + time.time_ns()


@dataclass(frozen=True, slots=True)
class TotalDTO:
    id: str
    amount: int


@dataclass(frozen=True, slots=True)
class ListTotalsQuery(Query[list[TotalDTO]]):
    pass


class ListTotalsQueryService:
    def __init__(self, db: ReadDatabase) -> None:
        self._db = db

    async def execute(self, query: ListTotalsQuery) -> list[TotalDTO]:
        del query
        return list(await self._db.fetch(f"SELECT id, amount FROM {NAME} ORDER BY id", into=TotalDTO))  # noqa: S608 - a constant


def make_application(
    url: str, projection: type[Projection] = OrderTotals, *, keep_previous_hours: float = 1
) -> Application:
    return Application(
        "orders",
        database=url,
        handlers=[
            PlaceOrderCommand.handled_by(PlaceOrderInteractor),
            ListTotalsQuery.handled_by(ListTotalsQueryService),
        ],
        projections=[projection],
        providers=[OrdersProvider()],
        secret=TEST_SECRET,
        settings=Settings(keep_previous_hours=keep_previous_hours),
    )


@asynccontextmanager
async def tool(url: str, projection: type[Projection] = OrderTotals) -> AsyncGenerator[Application]:
    """The application as the command line opens it: it runs no projection."""
    app = make_application(url, projection)
    await app.start(projections=False)
    try:
        yield app
    finally:
        await app.close()


async def place(app: Application, orders: Sequence[int]) -> None:
    for order in orders:
        await app.execute(PlaceOrderCommand(f"{order:06}", order))


class Traffic:
    """Writes and reads an application all the time, and keeps what went wrong.

    Attributes:
        placed: the numbers of orders that were placed.
        answers: how many queries were answered.
        errors: what queries and commands raised.
    """

    def __init__(self, app: Application, *, begin: int) -> None:
        self._app = app
        self._next = begin
        self.placed: list[int] = []
        self.answers = 0
        self.errors: list[Exception] = []
        self._fewest = 0
        self._is_over = False

    @asynccontextmanager
    async def running(self) -> AsyncGenerator["Traffic"]:
        tasks = [asyncio.create_task(self._write()), asyncio.create_task(self._read())]
        try:
            yield self
        finally:
            self._is_over = True  # a command that were cancelled might be committed
            await asyncio.wait(tasks)

    async def _write(self) -> None:
        while not self._is_over:
            order, self._next = self._next, self._next + 1
            try:
                await self._app.execute(PlaceOrderCommand(f"{order:06}", order))
            except Exception as error:  # noqa: BLE001 - that is what is looked for
                self.errors.append(error)
            else:
                self.placed.append(order)
            await asyncio.sleep(0.003)

    async def _read(self) -> None:
        while not self._is_over:
            try:
                found = len(await self._app.query(ListTotalsQuery()))
                if found < self._fewest:
                    self.errors.append(AssertionError(f"{found} rows, {self._fewest} before"))
                self._fewest = found
                self.answers += 1
            except Exception as error:  # noqa: BLE001 - that is what is looked for
                self.errors.append(error)
            await asyncio.sleep(0.002)
