import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from duolog import Aggregate, Command, Decider, EventSourcedRepository, Settings, TransactionManager, UnitOfWork
from duolog.errors import WrongExpectedVersionError
from duolog.eventstore.port import EventStore
from duolog.messages.envelope import RecordedEvent
from duolog.testing import application
from duolog.write.hot_states import HotState, HotStates
from tests.unit.write.carts import TIN, Cart, Emptied, Empty, ItemAdded, Put, Shop, Tin, evolve, seen


def state(version: int, kind: object = Cart) -> HotState:
    return HotState(kind, version, 0, b"")


def test_the_least_recently_used_state_goes_first() -> None:
    states = HotStates(entries=2)
    for stream in ("cart-1", "cart-2"):
        states.keep(state(1), stream, "")
    assert states.find(Cart, "cart-1", "") is not None
    states.keep(state(1), "cart-3", "")
    assert [states.find(Cart, f"cart-{number}", "") is not None for number in (1, 2, 3)] == [True, False, True]
    assert len(states) == 2


def test_an_earlier_state_does_not_replace_a_later_one() -> None:
    states = HotStates(entries=2)
    for version in (3, 2):
        states.keep(state(version), "cart-1", "")
    assert states.find(Cart, "cart-1", "") == state(3)


def test_a_state_is_its_own_types_and_tenants_only() -> None:
    states = HotStates(entries=9)
    states.keep(state(1), "cart-1", "one")
    assert states.find(TIN, "cart-1", "one") is None
    assert states.find(Cart, "cart-1", "two") is None
    states.drop("cart-1", "two")
    assert states.find(Cart, "cart-1", "one") is not None


def test_without_room_nothing_is_kept() -> None:
    states = HotStates(entries=0)
    states.keep(state(1), "cart-1", "")
    assert len(states) == 0


async def change(shop: Shop, *items: str) -> Cart:
    unit = shop.unit()
    carts = EventSourcedRepository(Cart, unit)
    cart = await carts.find_or_new(1)
    for item in items:
        cart.add(item)
    await carts.save(cart)
    await unit.finish()
    return cart


async def loaded(shop: Shop) -> Cart:
    return await EventSourcedRepository(Cart, shop.unit()).load(1)


async def test_what_was_saved_is_at_hand_and_only_later_events_are_applied(url: str) -> None:
    async with application(database=url) as app:
        shop = Shop(app, hot_entities=10)
        await change(shop, "a", "b")
        assert (await loaded(shop)).applied == 0
        await shop.append("cart-1", ItemAdded("elsewhere", 1))
        again = await loaded(shop)
        assert (again.applied, list(again.items), again.version) == (1, ["a", "b", "elsewhere"], 3)
        assert (await loaded(shop)).applied == 0


async def test_what_was_loaded_is_at_hand(url: str) -> None:
    async with application(database=url) as app:
        shop = Shop(app, hot_entities=10)
        await shop.append("cart-1", ItemAdded("a", 1), ItemAdded("b", 1))
        assert [(await loaded(shop)).applied for _ in range(2)] == [2, 0]


async def test_two_scopes_never_share_an_entity(url: str) -> None:
    async with application(database=url) as app:
        shop = Shop(app, hot_entities=10)
        saved = await change(shop, "a")
        first, second = await loaded(shop), await loaded(shop)
        for cart in (saved, first, second):
            cart.add("only here")
            cart.items["also"] = 1
        assert saved.items is not first.items is not second.items
        assert seen(await loaded(shop)) == (1, {"a": 1}, ["a"], "1.0")


async def test_what_was_not_committed_is_not_at_hand(url: str) -> None:
    async with application(database=url) as app:
        shop = Shop(app, hot_entities=10)
        await change(shop, "a")
        unit = shop.unit()
        carts = EventSourcedRepository(Cart, unit)
        cart = await carts.load(1)
        cart.add("b")
        await carts.save(cart)
        await unit.rollback()
        assert list((await loaded(shop)).items) == ["a"]


async def test_a_conflict_drops_what_was_at_hand(url: str) -> None:
    async with application(database=url) as app:
        shop = Shop(app, hot_entities=10)
        await change(shop, "a")
        unit = shop.unit()
        carts = EventSourcedRepository(Cart, unit)
        cart = await carts.load(1)
        cart.add("mine")
        await carts.save(cart)
        await shop.append("cart-1", ItemAdded("theirs", 1))
        with pytest.raises(WrongExpectedVersionError):
            await unit.finish()
        assert len(shop.states.hot) == 0
        again = await loaded(shop)
        assert (list(again.items), again.applied) == (["a", "theirs"], 2)


async def test_an_aggregate_without_a_declared_state_is_not_kept(url: str) -> None:
    class Plain(Aggregate[int]):
        category = "plain"
        applied = 0

        def on_any(self, _: ItemAdded | Emptied) -> None:
            self.applied += 1

    async with application(database=url) as app:
        shop = Shop(app, hot_entities=10)
        await shop.append("plain-1", ItemAdded("a", 1), Emptied())
        assert [(await EventSourcedRepository(Plain, shop.unit()).load(1)).applied for _ in range(2)] == [2, 2]
        assert len(shop.states.hot) == 0


@dataclass(frozen=True, slots=True)
class LinedTin:
    """A frozen state with something in it that can be changed in place."""

    lines: list[str] = field(default_factory=list[str])


async def test_a_deciders_state_is_shared_only_if_nothing_in_it_can_be_changed(url: str) -> None:
    def evolve_lined(tin: LinedTin, event: ItemAdded | Emptied) -> LinedTin:
        return LinedTin([*tin.lines, type(event).__name__])

    def decide_lined(command: Put, _: LinedTin) -> Sequence[ItemAdded]:
        return [ItemAdded(item, 0) for item in command.items]

    lined = Decider(category="lined", initial=LinedTin(), decide=decide_lined, evolve=evolve_lined)
    async with application(database=url) as app:
        shop = Shop(app, hot_entities=10)
        for decider, stream, kept in ((lined, "lined-1", 0), (TIN, "tin-1", 1)):
            await shop.append(stream, ItemAdded("a", 1))
            await EventSourcedRepository[Any](decider, shop.unit()).load(1)
            assert len(shop.states.hot) == kept


# --- through a whole application ----------------------------------------------------------------------------------


class Reads:
    """Counts the events that a store gave."""

    def __init__(self, store: EventStore) -> None:
        self.store = store
        self.events = 0

    async def read_stream(self, stream: str, **arguments: Any) -> Sequence[RecordedEvent]:
        found = await self.store.read_stream(stream, **arguments)
        self.events += len(found)
        return found


async def test_a_hot_entity_is_loaded_without_reading_its_history(url: str) -> None:
    async with application(database=url) as app:
        shop = Shop(app, hot_entities=10)
        await shop.append("cart-1", *[ItemAdded(str(number), 1) for number in range(100)])
        await loaded(shop)
        reads: Any = Reads(app.database.store)
        unit = UnitOfWork(store=reads, committer=app.database.committer, codec=app.codec, entity_states=shop.states)
        assert len((await EventSourcedRepository(Cart, unit).load(1)).items) == 100
        assert reads.events == 1  # the last one that it knows, to see that it is there


@dataclass(frozen=True, slots=True)
class PutOne(Command[int]):
    item: str


class PutOneInteractor:
    def __init__(self, unit: UnitOfWork, tx: TransactionManager) -> None:
        self._tins = EventSourcedRepository(TIN, unit)
        self._tx = tx

    async def execute(self, cmd: PutOne) -> int:
        tin = await self._tins.find_or_new(1)
        if len(tin.state.items) == 5:
            tin.decide(Empty())
        tin.decide(Put((cmd.item,)))
        await asyncio.sleep(0)
        await self._tins.save(tin)
        await self._tx.commit()
        return tin.version


@pytest.mark.parametrize("hot_entities", [0, 1])
async def test_commands_side_by_side_on_one_stream_lose_nothing(url: str, hot_entities: int) -> None:
    number = 40
    binding = PutOne.handled_by(PutOneInteractor)
    own = Settings(attempts=200, hot_entities=hot_entities)
    async with application(binding, database=url, settings=own) as app:
        versions = await asyncio.gather(*(app.execute(PutOne(str(each))) for each in range(number)))
        assert len(set(versions)) == number
        stored = await app.database.store.read_stream("tin-1")
        events = [event for each in stored for event in app.codec.decode_all(each)]
        items = [event.item for event in events if isinstance(event, ItemAdded)]
        assert sorted(items, key=int) == [str(each) for each in range(number)]
        state = Tin()
        for each in events:
            if isinstance(each, ItemAdded):
                assert len(state.items) < 5
                state = evolve(state, each)
            elif isinstance(each, Emptied):
                state = evolve(state, each)


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("command"), st.integers(0, 2), st.booleans()),
        st.tuples(st.just("elsewhere"), st.integers(0, 2), st.booleans()),
        st.tuples(st.just("rolled back"), st.integers(0, 2), st.booleans()),
        st.tuples(st.just("overtaken"), st.integers(0, 2), st.booleans()),
    ),
    max_size=25,
)


@settings(max_examples=60, deadline=None)
@given(steps=STEPS, entries=st.integers(1, 3))
async def test_whatever_happens_a_load_is_the_fold_of_the_stream(
    steps: list[tuple[str, int, bool]], entries: int
) -> None:
    async with application() as app:
        shop = Shop(app, hot_entities=entries)
        for number, (what, id_, empties) in enumerate(steps):
            happened = Emptied() if empties else ItemAdded(str(number), number)
            if what == "elsewhere":
                await shop.append(f"cart-{id_}", happened)
            else:
                unit = shop.unit()
                carts = EventSourcedRepository(Cart, unit)
                cart = await carts.find_or_new(id_)
                cart.raise_event(happened)
                await carts.save(cart)
                if what == "overtaken":
                    await shop.append(f"cart-{id_}", Emptied())
                    with pytest.raises(WrongExpectedVersionError):
                        await unit.finish()
                elif what == "rolled back":
                    await unit.rollback()
                else:
                    await unit.finish()
            hot = await EventSourcedRepository(Cart, shop.unit()).find_or_new(id_)
            replayed = await EventSourcedRepository(Cart, shop.unit(states=False)).find_or_new(id_)
            assert seen(hot) == seen(replayed)
            assert len(shop.states.hot) <= entries
