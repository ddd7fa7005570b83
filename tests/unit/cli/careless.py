"""An application that breaks every rule of `duolog check`, each once."""

from dataclasses import dataclass

from dishka import Provider, Scope

from duolog import (
    Aggregate,
    Application,
    Command,
    EventPublisher,
    EventSourcedRepository,
    Metadata,
    Query,
    UnitOfWork,
    cached,
    event,
)
from duolog.testing.applications import TEST_SECRET


@event("cart.filled")
@dataclass(frozen=True, slots=True)
class CartFilled:
    goods: str


@event("cart.watched", stream="cart_notices-{goods}")
@dataclass(frozen=True, slots=True)
class CartWatched:
    goods: str


@dataclass(frozen=True, slots=True)
class CartForgotten:
    goods: str


class Cart(Aggregate[str]):
    category = "cart"

    def on_filled(self, happened: CartFilled) -> None: ...


class CartRepository:
    def __init__(self, unit: UnitOfWork) -> None:
        self._carts = EventSourcedRepository(Cart, unit)


@dataclass(frozen=True)
class FillCart(Command[Cart]):
    goods: str
    api_token: str


class FillCartInteractor:
    def __init__(self, carts: CartRepository, events: EventPublisher) -> None:
        self._carts = carts
        self._events = events

    async def execute(self, cmd: FillCart) -> Cart:
        await self._events.publish(CartWatched(cmd.goods))
        await self._events.publish(CartForgotten(cmd.goods))
        return Cart("1")


@dataclass
class CartDTO:
    goods: str


@dataclass(frozen=True, slots=True)
class GetCartQuery(Query[CartDTO]):
    goods: str


class CartReader:
    def __init__(self, carts: CartRepository) -> None:
        self._carts = carts


@cached()
class GetCartQueryService:
    def __init__(self, reader: CartReader, metadata: Metadata) -> None:
        self._reader = reader
        self._metadata = metadata

    async def execute(self, query: GetCartQuery) -> CartDTO:
        return CartDTO(query.goods)


def make_application() -> Application:
    provider = Provider(scope=Scope.REQUEST)
    provider.provide_all(CartRepository, CartReader)
    return Application(
        "careless",
        database="memory://",
        handlers=[FillCart.handled_by(FillCartInteractor), GetCartQuery.handled_by(GetCartQueryService)],
        providers=[provider],
        secret=TEST_SECRET,
    )


app = make_application()
