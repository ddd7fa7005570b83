"""A small domain for these tests: a cart, once as an aggregate with snapshots and once as a decider."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

from hypothesis import strategies as st

from duolog import Aggregate, Application, Decider, SnapshotPolicy, UnitOfWork, event, snapshot
from duolog.write.entity_states import EntityStates


@event("cart.item_added")
@dataclass(frozen=True, slots=True)
class ItemAdded:
    item: str
    price: float


@event("cart.emptied")
@dataclass(frozen=True, slots=True)
class Emptied:
    pass


CartEvent = ItemAdded | Emptied


@snapshot("cart.state", version=2)
@dataclass(frozen=True, slots=True)
class CartState:
    items: dict[str, float]
    total: float


class Cart(Aggregate[int]):
    category = "cart"
    snapshots = SnapshotPolicy(CartState, every=3)

    def __init__(self, id: int) -> None:  # noqa: A002 - as the base has it
        super().__init__(id)
        self.items: dict[str, float] = {}
        self.total = 0.0
        self.applied = 0  # events that this very instance has seen

    def add(self, item: str, price: float = 1) -> None:
        self.raise_event(ItemAdded(item, price))

    def empty(self) -> None:
        self.raise_event(Emptied())

    def on_added(self, event: ItemAdded) -> None:
        self.items[event.item] = event.price
        self.total += event.price
        self.applied += 1

    def on_emptied(self, _: Emptied) -> None:
        self.items.clear()
        self.applied += 1

    def to_snapshot(self) -> CartState:
        return CartState(self.items, self.total)

    def restore_snapshot(self, state: CartState) -> None:
        self.items, self.total = state.items, state.total


@snapshot("tin.state")
@dataclass(frozen=True, slots=True)
class Tin:
    """The state of a decider: what was put into a tin, in order."""

    items: tuple[str, ...] = ()
    emptied: int = 0


@dataclass(frozen=True, slots=True)
class Put:
    items: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Empty:
    pass


class TinFullError(Exception):
    """A tin holds five items."""


MOST: Final = 5


def decide(command: Put | Empty, tin: Tin) -> Sequence[CartEvent]:
    match command:
        case Put(items):
            if len(tin.items) + len(items) > MOST:
                raise TinFullError
            return [ItemAdded(item, 0) for item in items]
        case Empty():
            return [Emptied()] if tin.items else []


def evolve(tin: Tin, event: CartEvent) -> Tin:
    match event:
        case ItemAdded(item):
            return replace(tin, items=(*tin.items, item))
        case Emptied():
            return Tin(emptied=tin.emptied + 1)


TIN: Final = Decider(category="tin", initial=Tin(), decide=decide, evolve=evolve)
SNAPPED_TIN: Final = Decider(
    category="tin", initial=Tin(), decide=decide, evolve=evolve, snapshots=SnapshotPolicy(Tin, every=4)
)

HISTORIES = st.lists(
    st.one_of(
        st.builds(ItemAdded, st.text(max_size=4).filter(lambda text: "\0" not in text), st.floats(0, 1e308)),
        st.just(Emptied()),
    ),
    max_size=30,
)


@dataclass
class Shop:
    """An application's database, and units of work on it that share what is at hand."""

    app: Application
    hot_entities: int = 0
    states: EntityStates = field(init=False)

    def __post_init__(self) -> None:
        self.states = EntityStates(self.app.database.snapshots, hot_entries=self.hot_entities)

    def unit(self, *, states: bool = True) -> UnitOfWork:
        database = self.app.database
        return UnitOfWork(
            store=database.store,
            committer=database.committer,
            codec=self.app.codec,
            entity_states=self.states if states else None,
        )

    async def append(self, stream: str, *events: object) -> None:
        unit = self.unit(states=False)
        unit.stage(stream, events)
        await unit.finish()


def seen(cart: Cart) -> tuple[Any, ...]:
    """Return what a cart is; nan is no number that equals itself, so totals are compared by their text."""
    return cart.version, dict(cart.items), list(cart.items), repr(cart.total)
