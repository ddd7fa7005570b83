import pytest

from duolog.errors import StreamNameError
from duolog.eventstore.conditions import EventQuery, QueryItem
from duolog.eventstore.filters import EventFilter


@pytest.mark.parametrize("partitions", [range(-1, 3), range(257), range(0, 10, 2)])
def test_partitions_are_a_range_of_the_256(partitions: range) -> None:
    with pytest.raises(StreamNameError):
        EventFilter.of(partitions=partitions)


def test_categories_are_checked() -> None:
    with pytest.raises(StreamNameError):
        EventFilter.of(categories=["user-1"])


def test_a_query_needs_an_item() -> None:
    with pytest.raises(ValueError, match="at least one"):
        EventQuery(())


@pytest.mark.parametrize(
    ("item", "matches"),
    [
        (QueryItem(), True),
        (QueryItem(types=("a",)), True),
        (QueryItem(types=("b", "a")), True),
        (QueryItem(types=("b",)), False),
        (QueryItem(tags=("x:1",)), True),
        (QueryItem(tags=("x:1", "y:2")), True),
        (QueryItem(tags=("x:1", "z:3")), False),
        (QueryItem(types=("b",), tags=("x:1",)), False),
    ],
)
def test_an_item_matches_one_type_and_all_tags(item: QueryItem, *, matches: bool) -> None:
    assert item.matches("a", ("x:1", "y:2")) is matches
    assert EventQuery((item,)).matches("a", ("x:1", "y:2")) is matches
    assert EventQuery((item, QueryItem(types=("a",)))).matches("a", ("x:1", "y:2"))


def test_a_query_names_its_boundary() -> None:
    query = EventQuery((QueryItem(("a",), ("x:1", "y:2")), QueryItem(("b",)), QueryItem()))
    assert str(query) == "x:1&y:2 or b or all events"
