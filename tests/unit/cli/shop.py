"""A small application for these tests: orders, and a view that refuses some amounts."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Protocol

from dishka import Provider, Scope

from duolog import (
    Aggregate,
    Application,
    Command,
    EventSourcedRepository,
    Projection,
    Query,
    ReadDatabase,
    TransactionManager,
    UnitOfWork,
    ViewDatabase,
    command,
    event,
)
from duolog.testing.applications import TEST_SECRET

REFUSED: set[int] = {13}
"""Amounts that the projection cannot apply; a test that repairs it takes them out."""


@event("order.placed")
@dataclass(frozen=True, slots=True)
class OrderPlaced:
    order_id: str
    amount: int
    note: str | None = None


@event("order.shipped")
@dataclass(frozen=True, slots=True)
class OrderShipped:
    order_id: str


class OrderError(Exception):
    """What the domain refuses."""


class Order(Aggregate[str]):
    category = "order"
    amount = 0
    is_shipped = False

    def place(self, amount: int, note: str | None) -> None:
        if amount < 0:
            message = "an amount is 0 or more"
            raise OrderError(message)
        self.raise_event(OrderPlaced(self.id, amount, note))

    def ship(self) -> None:
        if self.is_shipped:
            message = "it was shipped before"
            raise OrderError(message)
        self.raise_event(OrderShipped(self.id))

    def on_placed(self, happened: OrderPlaced) -> None:
        self.amount = happened.amount

    def on_shipped(self, _: OrderShipped) -> None:
        self.is_shipped = True


class OrderRepository(Protocol):
    async def find(self, order_id: str) -> Order | None: ...
    async def save(self, order: Order) -> None: ...


class EventSourcedOrderRepository:
    def __init__(self, unit: UnitOfWork) -> None:
        self._orders = EventSourcedRepository(Order, unit)

    async def find(self, order_id: str) -> Order | None:
        return await self._orders.find(order_id)

    async def save(self, order: Order) -> None:
        await self._orders.save(order)


@command("order.place")
@dataclass(frozen=True, slots=True)
class PlaceOrderCommand(Command[str]):
    order_id: str
    amount: int
    note: str | None = None


class PlaceOrderInteractor:
    def __init__(self, orders: OrderRepository, tx: TransactionManager) -> None:
        self._orders = orders
        self._tx = tx

    async def execute(self, cmd: PlaceOrderCommand) -> str:
        order = await self._orders.find(cmd.order_id) or Order(cmd.order_id)
        order.place(cmd.amount, cmd.note)
        await self._orders.save(order)
        await self._tx.commit()
        return order.id


@command("order.ship")
@dataclass(frozen=True, slots=True)
class ShipOrderCommand(Command[None]):
    order_id: str


class ShipOrderInteractor:
    def __init__(self, orders: OrderRepository, tx: TransactionManager) -> None:
        self._orders = orders
        self._tx = tx

    async def execute(self, cmd: ShipOrderCommand) -> None:
        order = await self._orders.find(cmd.order_id)
        if order is None:
            message = "there is no such order"
            raise OrderError(message)
        order.ship()
        await self._orders.save(order)
        await self._tx.commit()


class OrdersProjection(Projection):
    name, version = "orders_view", 1
    tables: ClassVar[Mapping[str, str]] = {
        "orders_view": "CREATE TABLE orders_view (id TEXT NOT NULL, amount INTEGER NOT NULL)"
    }

    def __init__(self, db: ViewDatabase) -> None:
        self._db = db

    async def on_placed(self, happened: OrderPlaced) -> None:
        if happened.amount in REFUSED:
            message = f"cannot count {happened.amount}"
            raise ValueError(message)
        await self._db.execute(
            "INSERT INTO orders_view (id, amount) VALUES (:id, :amount)",
            {"id": happened.order_id, "amount": happened.amount},
        )


@dataclass(frozen=True, slots=True)
class OrderDTO:
    id: str
    amount: int


@dataclass(frozen=True, slots=True)
class ListOrdersQuery(Query[list[OrderDTO]]):
    limit: int = 100


class ListOrdersQueryService:  # duolog: allow tie-break - tests look at the rows as they stand
    def __init__(self, db: ReadDatabase) -> None:
        self._db = db

    async def execute(self, query: ListOrdersQuery) -> list[OrderDTO]:
        sql = "SELECT id, amount FROM orders_view LIMIT :limit"
        return list(await self._db.fetch(sql, {"limit": query.limit}, into=OrderDTO))


class OrdersProvider(Provider):
    scope = Scope.REQUEST

    def __init__(self) -> None:
        super().__init__()
        self.provide(EventSourcedOrderRepository, provides=OrderRepository)


def make_application(database_url: str) -> Application:
    return Application(
        "shop",
        database=database_url,
        handlers=[
            PlaceOrderCommand.handled_by(PlaceOrderInteractor),
            ShipOrderCommand.handled_by(ShipOrderInteractor),
            ListOrdersQuery.handled_by(ListOrdersQueryService, reads=[OrdersProjection]),
        ],
        projections=[OrdersProjection],
        providers=[OrdersProvider()],
        events=[OrderShipped],
        secret=TEST_SECRET,
    )
