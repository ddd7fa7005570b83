from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from duolog import Aggregate, AggregateNotFoundError, EventSourcedRepository, EventStreams, Exactly, NoStream, event
from duolog.errors import ConfigurationError, StreamNameError, UnnamedTypeError, WrongExpectedVersionError
from duolog.testing import application
from duolog.write.event_sourced import PendingEvents
from duolog.write.unit_of_work import UnitOfWork


@event("basket.item_added")
@dataclass(frozen=True, slots=True)
class ItemAdded:
    item: str
    price: float


@event("basket.item_removed")
@dataclass(frozen=True, slots=True)
class ItemRemoved:
    item: str


@event("basket.emptied")
@dataclass(frozen=True, slots=True)
class Emptied:
    pass


class Basket(Aggregate[int]):
    category = "basket"

    def __init__(self, id: int) -> None:  # noqa: A002 - as the base has it
        super().__init__(id)
        self.items: dict[str, float] = {}

    def add(self, item: str, price: float) -> None:
        self.raise_event(ItemAdded(item, price))

    def remove(self, item: str) -> None:
        if item in self.items:
            self.raise_event(ItemRemoved(item))

    def empty(self) -> None:
        self.raise_event(Emptied())

    def on_added(self, event: ItemAdded) -> None:
        self.items[event.item] = event.price

    def on_less(self, event: ItemRemoved | Emptied) -> None:
        if isinstance(event, ItemRemoved):
            del self.items[event.item]
        else:
            self.items.clear()


def unit_of(app: Any) -> UnitOfWork:
    return UnitOfWork(store=app.database.store, committer=app.database.committer, codec=app.codec)


# --- aggregates ---------------------------------------------------------------------------------------------------


def test_an_aggregate_counts_its_version_and_keeps_what_it_raised() -> None:
    basket = Basket(1)
    assert (basket.stream, basket.version, list(basket.pending_events)) == ("basket-1", 0, [])
    basket.add("book", 5)
    basket.remove("lamp")  # it is not in it: nothing happens
    basket.remove("book")
    assert basket.version == 2
    assert basket.pending_events == [ItemAdded("book", 5), ItemRemoved("book")]
    assert basket.pending_events.expected == Exactly(0)
    assert basket.pending_events[0] == ItemAdded("book", 5)
    basket.clear_events()
    assert (basket.version, len(basket.pending_events), basket.pending_events.expected) == (2, 0, Exactly(2))


def test_an_event_without_a_method_is_refused_and_not_kept() -> None:
    @event("basket.dropped")
    @dataclass(frozen=True, slots=True)
    class Dropped:
        pass

    basket = Basket(1)
    with pytest.raises(ConfigurationError, match=r"Basket has no on_\.\.\. method for Dropped"):
        basket.raise_event(Dropped())
    assert (basket.version, len(basket.pending_events)) == (0, 0)


def test_an_event_whose_method_raises_is_not_kept() -> None:
    basket = Basket(1)
    with pytest.raises(KeyError):
        basket.raise_event(ItemRemoved("lamp"))
    assert (basket.version, len(basket.pending_events)) == (0, 0)


def test_a_category_that_no_stream_can_have_is_refused_when_the_class_is_made() -> None:
    with pytest.raises(StreamNameError, match="'Basket' is not a category"):
        type("Bad", (Aggregate,), {"category": "Basket"})


def test_a_method_for_something_that_is_no_event_is_refused_when_the_class_is_made() -> None:
    class Plain:
        pass

    def on_plain(self: object, event: Plain) -> None: ...

    with pytest.raises(UnnamedTypeError, match="Plain is stored, but has no name"):
        type("Bad", (Aggregate,), {"category": "bad", "on_plain": on_plain})


def test_two_methods_for_one_event_are_refused_when_the_class_is_made() -> None:
    def on_again(self: object, event: ItemAdded) -> None: ...

    with pytest.raises(ConfigurationError, match="both take ItemAdded"):
        type("Bad", (Basket,), {"on_again": on_again})


def test_a_state_that_was_read_from_a_table_goes_on_from_its_version() -> None:
    basket = Basket(1)
    basket.restore_version(7)
    basket.add("book", 5)
    assert (basket.version, basket.pending_events.expected) == (8, Exactly(7))


def test_pending_events_compare_by_their_events() -> None:
    events = PendingEvents([Emptied()], Exactly(0))
    assert events == [Emptied()]
    assert events == PendingEvents([Emptied()], NoStream())
    assert hash(events) == hash(PendingEvents([Emptied()], NoStream()))
    assert events != [ItemRemoved("a")]
    assert events != "text"


# --- repositories -------------------------------------------------------------------------------------------------


async def test_what_was_saved_is_loaded_by_replay(url: str) -> None:
    async with application(database=url) as app:
        first = unit_of(app)
        basket = Basket(1)
        basket.add("book", 5)
        await EventSourcedRepository(Basket, first).save(basket)
        assert len(basket.pending_events) == 0
        await first.finish()

        loaded = await EventSourcedRepository(Basket, unit_of(app)).load(1)
        assert (loaded.id, loaded.items, loaded.version, len(loaded.pending_events)) == (1, {"book": 5}, 1, 0)


async def test_an_entity_without_events_is_none_or_not_found(url: str) -> None:
    async with application(database=url) as app:
        repository = EventSourcedRepository(Basket, unit_of(app))
        assert await repository.find(1) is None
        with pytest.raises(AggregateNotFoundError, match="there is no 'basket-1'") as raised:
            await repository.load(1)
        assert raised.value.stream == "basket-1"


async def test_saving_twice_in_one_unit_records_both_in_order(url: str) -> None:
    async with application(database=url) as app:
        unit = unit_of(app)
        repository = EventSourcedRepository(Basket, unit)
        basket = Basket(1)
        for price in (1, 2, 3):
            basket.add("book", price)
            await repository.save(basket)
        await unit.finish()
        assert dict(unit.outcome.versions) == {"basket-1": 3}


async def test_an_entity_that_somebody_else_changed_meanwhile_is_a_conflict(url: str) -> None:
    async with application(database=url) as app:
        slow, quick = unit_of(app), unit_of(app)
        for unit in (slow, quick):
            basket = await EventSourcedRepository(Basket, unit).find(1) or Basket(1)
            basket.empty()
            await EventSourcedRepository(Basket, unit).save(basket)
        await quick.finish()
        with pytest.raises(WrongExpectedVersionError) as raised:
            await slow.finish()
        assert (raised.value.stream, raised.value.expected, raised.value.actual) == ("basket-1", Exactly(0), 1)


async def test_event_streams_save_with_the_version_the_events_were_decided_on_or_the_one_that_is_given(
    url: str,
) -> None:
    async with application(database=url) as app:
        for expected in (None, NoStream()):
            unit = unit_of(app)
            basket = Basket(1)
            basket.empty()
            streams = EventStreams(unit, "basket")
            await streams.save(1, basket.pending_events, expected)
            if expected is None:
                await unit.finish()
                assert await streams.load(1) == [Emptied()]
            else:
                with pytest.raises(WrongExpectedVersionError):
                    await unit.finish()
        free = unit_of(app)
        await EventStreams(free, "basket").save(1, [Emptied()])
        await free.finish()
        assert dict(free.outcome.versions) == {"basket-1": 2}


ITEMS = st.sampled_from(["book", "lamp", "épée", "𝄞"])
DECISIONS = st.lists(
    st.one_of(
        st.tuples(st.just("add"), ITEMS, st.floats(allow_nan=False, allow_infinity=False)),
        st.tuples(st.just("remove"), ITEMS),
        st.tuples(st.just("empty")),
    ),
    max_size=30,
)


@settings(max_examples=40, deadline=None)
@given(saves=st.lists(DECISIONS, min_size=1, max_size=4))
async def test_replaying_a_stream_gives_the_entity_that_raised_its_events(saves: list[list[tuple[Any, ...]]]) -> None:
    async with application() as app:
        basket = Basket(1)
        for decisions in saves:
            unit = unit_of(app)
            for name, *arguments in decisions:
                getattr(basket, name)(*arguments)
            await EventSourcedRepository(Basket, unit).save(basket)
            await unit.finish()
        loaded = await EventSourcedRepository(Basket, unit_of(app)).find(1) or Basket(1)
    assert (loaded.items, loaded.version) == (basket.items, basket.version)
    assert list(loaded.items) == list(basket.items)
