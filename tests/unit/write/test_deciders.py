from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Annotated, Any, ClassVar, Literal, NewType

import msgspec
import pytest

from duolog import AggregateNotFoundError, Decider, EventSourcedRepository, Exactly, SnapshotPolicy, event
from duolog.errors import ConfigurationError, StreamNameError, UnnamedTypeError, WrongExpectedVersionError
from duolog.messages.immutability import is_immutable
from duolog.testing import application, given
from tests.unit.write.carts import (
    TIN,
    CartState,
    Emptied,
    Empty,
    ItemAdded,
    Put,
    Shop,
    Tin,
    TinFullError,
    decide,
    evolve,
)

Number = NewType("Number", int)


@dataclass(frozen=True)
class Nested:
    """Every kind of annotation that leaves nothing open."""

    counted: ClassVar[list[str]] = []
    tins: tuple[Tin, ...]
    name: Annotated[str, "a name"]
    size: Literal["s", "l"]
    number: Number
    at: datetime | None
    inner: "Nested | None" = None


@dataclass(frozen=True)
class Loose:
    """One that leaves something open, below."""

    nested: Nested
    tins: tuple[Sequence[Tin], ...] = ()


def test_a_decision_changes_the_state_and_is_kept_until_it_is_saved() -> None:
    tin = TIN(1)
    assert (tin.stream, tin.version, tin.state) == ("tin-1", 0, Tin())
    assert tin.decide(Put(("a", "b"))) == (ItemAdded("a", 0), ItemAdded("b", 0))
    assert tin.decide(Empty()) == (Emptied(),)
    assert (tin.version, tin.state) == (3, Tin(emptied=1))
    assert tin.pending_events == [ItemAdded("a", 0), ItemAdded("b", 0), Emptied()]
    assert tin.pending_events.expected == Exactly(0)


def test_a_refused_command_changes_nothing() -> None:
    tin = TIN(1)
    with pytest.raises(TinFullError):
        tin.decide(Put(("x",) * 6))
    assert (tin.version, tin.state, len(tin.pending_events)) == (0, Tin(), 0)


def test_a_decision_that_evolve_does_not_know_changes_nothing() -> None:
    @event("tin.dented")
    @dataclass(frozen=True, slots=True)
    class Dented:
        pass

    dented: Decider[Put, Tin, Any] = Decider(
        category="tin", initial=Tin(), decide=lambda put, tin: [*decide(put, tin), Dented()], evolve=evolve
    )
    tin = dented(1)
    with pytest.raises(ConfigurationError, match="'tin' does not evolve by Dented"):
        tin.decide(Put(("a",)))
    assert (tin.version, tin.state, len(tin.pending_events)) == (0, Tin(), 0)


async def test_a_decider_is_saved_and_loaded_by_the_same_repository_as_an_aggregate(url: str) -> None:
    async with application(database=url) as app:
        shop = Shop(app)
        unit = shop.unit()
        tins = EventSourcedRepository(TIN, unit)
        assert await tins.find(1) is None
        with pytest.raises(AggregateNotFoundError):
            await tins.load(1)
        tin = await tins.find_or_new(1)
        tin.decide(Put(("a", "b")))
        await tins.save(tin)
        await unit.finish()
        loaded = await EventSourcedRepository(TIN, shop.unit()).load(1)
        assert (loaded.state, loaded.version, len(loaded.pending_events)) == (Tin(("a", "b")), 2, 0)


async def test_a_decision_on_what_somebody_else_changed_meanwhile_is_a_conflict(url: str) -> None:
    async with application(database=url) as app:
        shop = Shop(app)
        slow, quick = shop.unit(), shop.unit()
        for unit in (slow, quick):
            tins = EventSourcedRepository(TIN, unit)
            tin = await tins.find_or_new(1)
            tin.decide(Put(("a",)))
            await tins.save(tin)
        await quick.finish()
        with pytest.raises(WrongExpectedVersionError):
            await slow.finish()


def test_a_category_that_no_stream_can_have_is_refused() -> None:
    with pytest.raises(StreamNameError, match="'Tin' is not a category"):
        Decider(category="Tin", initial=Tin(), decide=decide, evolve=evolve)


def test_an_evolve_without_named_events_is_refused() -> None:
    def of_text(tin: Tin, event: str) -> Tin:
        raise NotImplementedError(event, tin)

    def bare(tin, event):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
        raise NotImplementedError(event, tin)

    def single(tin: Tin) -> Tin:
        return tin

    cases: list[tuple[Any, type[Exception], str]] = [
        (of_text, UnnamedTypeError, "str is stored, but has no name"),
        (bare, ConfigurationError, "'event' must be annotated with an event class"),
        (single, ConfigurationError, "must take a state and an event"),
    ]
    for function, error, message in cases:
        with pytest.raises(error, match=message):
            Decider(category="tin", initial=Tin(), decide=decide, evolve=function)


def test_snapshots_of_another_class_than_the_state_are_refused() -> None:
    with pytest.raises(ConfigurationError, match="snapshots of 'tin' are CartState, its state is not"):
        Decider(category="tin", initial=Tin(), decide=decide, evolve=evolve, snapshots=SnapshotPolicy(CartState))


@dataclass
class OpenTin:
    items: tuple[str, ...] = ()


class OpenStruct(msgspec.Struct):
    items: tuple[str, ...] = ()


@dataclass(frozen=True)
class ListTin:
    items: list[str] = field(default_factory=list[str])


def test_states_that_can_be_changed_in_place_are_refused() -> None:
    """As the initial state, and as one that evolve returns."""

    def into_open(tin: Tin, event: ItemAdded) -> Tin | OpenTin:
        raise NotImplementedError(event, tin)

    def any_evolve(tin: Any, event: ItemAdded) -> Any:
        raise NotImplementedError(event, tin)

    cases: list[tuple[Any, Any]] = [(OpenTin(), any_evolve), (OpenStruct(), any_evolve), (Tin(), into_open)]
    for initial, evolving in cases:
        with pytest.raises(ConfigurationError, match="of 'tin' can be changed in place") as raised:
            Decider(category="tin", initial=initial, decide=decide, evolve=evolving)
        assert "frozen=True" in raised.value.hint


@pytest.mark.parametrize("initial", [ListTin(), {"items": list[str]()}, (list[str](),)])
def test_no_two_entities_share_what_can_be_changed(initial: Any) -> None:
    """A frozen class may hold a list, which an evolve that is not pure appends to."""

    def items(tin: Any) -> list[str]:
        return tin.items if isinstance(tin, ListTin) else tin["items"] if isinstance(tin, dict) else tin[0]

    def appending(tin: Any, event: ItemAdded) -> Any:
        items(tin).append(event.item)
        return tin

    def deciding(command: Put, _: Any) -> list[ItemAdded]:
        return [ItemAdded(item, 0) for item in command.items]

    tins = Decider(category="tin", initial=initial, decide=deciding, evolve=appending)
    for number in (1, 2):
        tin = tins(number)
        tin.decide(Put(("a", "b")))
        assert items(tin.state) == ["a", "b"]
    assert items(initial) == []


def test_an_immutable_initial_state_is_shared_as_it_is() -> None:
    """Copying it would cost, and gain nothing."""
    assert TIN(1).state is TIN(2).state is TIN.initial


@pytest.mark.parametrize(
    ("hint", "expected"),
    [
        (Tin, True),
        (int, True),
        (ListTin, False),
        (OpenTin, False),
        (tuple, False),
        (dict, False),
        (Nested, True),
        (Loose, False),
    ],
)
def test_a_class_is_immutable_if_its_annotations_say_so(hint: type, *, expected: bool) -> None:
    """At any depth."""
    assert is_immutable(hint) is expected


# --- given, when, then --------------------------------------------------------------------------------------------


def test_a_scenario_shows_what_a_decider_decides_and_returns_its_state() -> None:
    state = given(TIN, ItemAdded("a", 0), Emptied()).when(Put(("b",))).then(ItemAdded("b", 0))
    assert state == Tin(("b",), emptied=1)
    assert given(TIN).when(Empty()).then_nothing() == Tin()


def test_a_scenario_shows_what_a_decider_refuses() -> None:
    full = [ItemAdded(str(number), 0) for number in range(5)]
    assert len(given(TIN, *full).when(Put(("b",))).then_raises(TinFullError).items) == 5


def test_a_scenario_fails_where_a_decider_decides_otherwise() -> None:
    with pytest.raises(AssertionError, match="but it raised"):
        given(TIN).when(Put(("a",))).then(Emptied())
    with pytest.raises(AssertionError, match="expected TinFullError, but got None"):
        given(TIN).when(Put(("a",))).then_raises(TinFullError)
    with pytest.raises(AssertionError, match="TinFullError"):
        given(TIN).when(Put(("a",) * 6)).then()
