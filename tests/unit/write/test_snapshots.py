import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar, cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from duolog import Aggregate, EventSourcedRepository, SnapshotPolicy, snapshot
from duolog.codec.snapshot_codec import encode_state
from duolog.errors import ConfigurationError, UnnamedTypeError
from duolog.eventstore.appends import Append
from duolog.testing import application
from duolog.write.sealed_work import SealedWork
from duolog.write.snapshots import StoredSnapshot
from tests.unit.write.carts import (
    HISTORIES,
    SNAPPED_TIN,
    Cart,
    CartEvent,
    CartState,
    ItemAdded,
    Put,
    Shop,
    Tin,
    seen,
)


async def saved(shop: Shop, cart: Cart) -> None:
    unit = shop.unit()
    await EventSourcedRepository(Cart, unit).save(cart)
    await unit.finish()


async def loaded(shop: Shop) -> Cart:
    return await EventSourcedRepository(Cart, shop.unit()).load(1)


async def stored_version(shop: Shop) -> int | None:
    stored = await shop.app.database.snapshots.load("cart-1")
    return None if stored is None else stored.version


async def put_beside(shop: Shop, stored: StoredSnapshot) -> None:
    """Store a snapshot as another release, or a mistake, would have left it; it comes with one more event."""
    new = shop.app.codec.encode(ItemAdded("last", 1))
    work = SealedWork(appends=(Append(stored.stream, (new,)),), snapshots=(stored,))
    await shop.app.database.committer.commit(work)


async def test_a_snapshot_is_taken_when_the_last_one_is_as_far_back_as_the_policy_says(url: str) -> None:
    async with application(database=url) as app:
        shop = Shop(app)
        versions: list[int | None] = []
        for number in range(8):
            cart = await EventSourcedRepository(Cart, shop.unit()).find_or_new(1)
            cart.add(f"item {number}")
            await saved(shop, cart)
            versions.append(await stored_version(shop))
        assert versions == [None, None, 3, 3, 3, 6, 6, 6]
        cart = await loaded(shop)
        for number in range(10):
            cart.add(f"more {number}")
        await saved(shop, cart)
        assert await stored_version(shop) == 18


async def test_a_load_goes_on_from_the_snapshot_and_reads_the_rest(url: str) -> None:
    async with application(database=url) as app:
        shop = Shop(app)
        cart = Cart(1)
        for number in range(4):
            cart.add(f"item {number}", number)
        await saved(shop, cart)
        assert (await loaded(shop)).applied == 0
        await shop.append("cart-1", ItemAdded("later", 5))
        again = await loaded(shop)
        assert (again.applied, again.items["later"], again.version, again.total) == (1, 5, 5, 11)


async def test_a_command_that_fails_leaves_no_snapshot(url: str) -> None:
    async with application(database=url) as app:
        shop = Shop(app)
        unit = shop.unit()
        cart = Cart(1)
        for _ in range(5):
            cart.add("book")
        await EventSourcedRepository(Cart, unit).save(cart)
        await unit.rollback()
        assert await stored_version(shop) is None


async def test_a_decider_has_snapshots_of_its_state(url: str) -> None:
    async with application(database=url) as app:
        shop = Shop(app)
        unit = shop.unit()
        tins = EventSourcedRepository(SNAPPED_TIN, unit)
        tin = await tins.find_or_new(1)
        tin.decide(Put(("a", "b", "c", "d")))
        await tins.save(tin)
        await unit.finish()
        stored = await app.database.snapshots.load("tin-1")
        assert stored is not None
        assert (stored.version, stored.type, stored.schema_version) == (4, "tin.state", 1)
        assert (await EventSourcedRepository(SNAPPED_TIN, shop.unit()).load(1)).state == Tin(("a", "b", "c", "d"))


@pytest.mark.parametrize(
    ("name", "version", "data"),
    [
        ("cart.state", 1, encode_state(CartState({"wrong": 1}, 9))),
        ("cart.state", 3, encode_state(CartState({"wrong": 1}, 9))),
        ("cart.other", 2, encode_state(CartState({"wrong": 1}, 9))),
        ("cart.state", 2, b""),
        ("cart.state", 2, b"\xc1 not a state"),
        ("cart.state", 2, encode_state({"items": "none", "total": "x"})),
    ],
)
async def test_a_snapshot_of_another_schema_or_without_sense_is_replayed_over(
    url: str, name: str, version: int, data: bytes
) -> None:
    async with application(database=url) as app:
        shop = Shop(app)
        await shop.append("cart-1", ItemAdded("book", 2))
        await put_beside(shop, StoredSnapshot("cart-1", 2, name, version, data))
        cart = await loaded(shop)
        assert (cart.items, cart.total, cart.version, cart.applied) == ({"book": 2, "last": 1}, 3, 2, 2)
        cart.add("lamp")
        await saved(shop, cart)
        assert (await stored_version(shop), (await loaded(shop)).applied) == (3, 0)


@pytest.mark.parametrize("version", [3, 99])
async def test_a_snapshot_of_a_version_that_the_stream_does_not_have_is_replayed_over(url: str, version: int) -> None:
    async with application(database=url) as app:
        shop = Shop(app)
        await shop.append("cart-1", ItemAdded("book", 2))
        ahead = StoredSnapshot("cart-1", version, "cart.state", 2, encode_state(CartState({}, 0)))
        await put_beside(shop, ahead)
        cart = await loaded(shop)
        assert (cart.items, cart.version) == ({"book": 2, "last": 1}, 2)


def divided() -> CartState:
    message = "secret"
    raise ZeroDivisionError(message)


@pytest.mark.parametrize(
    ("taking", "error"),
    [
        (divided, "ZeroDivisionError"),
        (lambda: "no state", "TypeError"),
        (lambda: CartState({"x": 1}, cast("Any", complex(1))), "TypeError"),
    ],
)
async def test_an_entity_whose_snapshot_cannot_be_taken_is_saved_all_the_same(
    url: str, caplog: pytest.LogCaptureFixture, taking: Callable[[], Any], error: str
) -> None:
    class Broken(Cart):
        category = "broken"

        def to_snapshot(self) -> Any:
            return taking()

    async with application(database=url) as app:
        shop = Shop(app, hot_entities=4)
        caplog.set_level(logging.WARNING, "duolog")
        unit = shop.unit()
        carts = EventSourcedRepository(Broken, unit)
        cart = Broken(1)
        for _ in range(5):
            cart.add("book")
        await carts.save(cart)
        await unit.finish()
        assert f"no snapshot of broken-1 was taken: {error}" in caplog.text
        assert "secret" not in caplog.text
        assert await app.database.snapshots.load("broken-1") is None
        assert (await EventSourcedRepository(Broken, shop.unit()).load(1)).applied == 5


async def test_an_entity_that_cannot_take_its_state_over_is_replayed(
    url: str, caplog: pytest.LogCaptureFixture
) -> None:
    class Picky(Cart):
        category = "picky"

        def restore_snapshot(self, state: CartState) -> None:
            super().restore_snapshot(state)
            raise ArithmeticError

    async with application(database=url) as app:
        for hot_entities in (0, 4):
            shop = Shop(app, hot_entities=hot_entities)
            caplog.set_level(logging.WARNING, "duolog")
            unit = shop.unit()
            carts = EventSourcedRepository(Picky, unit)
            cart = await carts.find_or_new(1)
            for _ in range(4):
                cart.add("book")
            await carts.save(cart)
            await unit.finish()
            again = await EventSourcedRepository(Picky, shop.unit()).load(1)
            assert (again.applied, again.total) == (again.version, again.version)
            assert "picky-1 is replayed: its state cannot be used: ArithmeticError" in caplog.text
            caplog.clear()


def test_an_aggregate_that_declares_snapshots_must_say_how_they_are_made() -> None:
    for methods in ({}, {"to_snapshot": lambda _: None}, {"restore_snapshot": lambda _, __: None}):
        with pytest.raises(ConfigurationError, match="Bad does not say how its snapshots are made"):
            type("Bad", (Aggregate,), {"category": "bad", "snapshots": SnapshotPolicy(CartState), **methods})


def test_an_aggregate_that_declares_none_has_none() -> None:
    class Plain(Aggregate[int]):
        category: ClassVar[str] = "plain"

    plain = Plain(1)
    assert plain.freeze() is None
    for asked in (plain.to_snapshot, lambda: plain.restore_snapshot(1), lambda: plain.thaw(b"")):
        with pytest.raises(ConfigurationError, match="does not say how its snapshots are made"):
            asked()


def test_a_policy_names_a_snapshot_class_and_a_positive_number() -> None:
    @dataclass(frozen=True, slots=True)
    class Nameless:
        pass

    class Derived(CartState):
        pass

    for cls in (Nameless, Derived):
        with pytest.raises(UnnamedTypeError, match="is stored as a snapshot, but has no name"):
            SnapshotPolicy(cls)
    with pytest.raises(ValueError, match="every 1 or more"):
        SnapshotPolicy(CartState, every=0)
    for name, version in (("Cart", 1), ("cart", 0)):
        with pytest.raises(UnnamedTypeError):
            snapshot(name, version=version)


@settings(max_examples=60, deadline=None)
@given(history=HISTORIES, saves=st.lists(st.integers(1, 6), max_size=12), every=st.integers(1, 7))
async def test_a_snapshot_equals_the_fold_for_any_history_and_any_snapshot_point(
    history: list[CartEvent], saves: list[int], every: int
) -> None:
    class Snapped(Cart):
        snapshots = SnapshotPolicy(CartState, every=every)

    fold = Cart(1)
    for happened in history:
        fold.apply_event(happened)
    async with application() as app:
        shop = Shop(app)
        rest = list(history)
        while rest:
            size = saves.pop() if saves else len(rest)
            batch, rest = rest[:size], rest[size:]
            unit = shop.unit()
            carts = EventSourcedRepository(Snapped, unit)
            cart = await carts.find_or_new(1)
            for happened in batch:
                cart.raise_event(happened)
            await carts.save(cart)
            await unit.finish()
            again = await EventSourcedRepository(Snapped, shop.unit()).load(1)
            replayed = await EventSourcedRepository(Snapped, shop.unit(states=False)).load(1)
            assert seen(again) == seen(replayed) == seen(cart)
            assert again.applied < every
        if history:
            assert seen(await EventSourcedRepository(Snapped, shop.unit()).load(1)) == seen(fold)
