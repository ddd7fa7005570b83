from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from duolog.errors import InvalidCursorError, StatementError, UnknownFieldError
from duolog.read.cursors import Cursors
from duolog.read.keyset import Keyset
from duolog.read.sorting import SortableFields, SortOrder
from tests.unit.read.walk import CURSORS, MOST_PAGES, SORTABLE, Table, ids

Item = tuple[int, str, float | None]

# Few names and scores, so that most rows tie with others.
ROWS = st.lists(
    st.tuples(
        st.integers(-50, 50),
        st.sampled_from(["", "a", "A", "b", "é", "a b", "%", "_", "\U0001f600"]) | st.text("ab", max_size=3),
        st.sampled_from([None, 0.0, 0.1, -1.5, float("inf"), 1e300]) | st.floats(allow_nan=False),
    ),
    max_size=40,
    unique_by=lambda row: row[0],
)
SORTS = st.sampled_from(SORTABLE.names)
ORDERS = st.sampled_from(SortOrder)
LIMITS = st.integers(1, 12)


def expected(rows: list[Item], sort_by: str, order: SortOrder) -> list[int]:
    """What the whole list must be: NULL is the greatest value, and the id decides between equal rows."""

    def key(row: Item) -> tuple[object, ...]:
        identity, name, score = row
        match sort_by:
            case "name":
                return (name.encode(), identity)
            case "score":
                return (score is None, score or 0.0, identity)
            case _:
                return (identity,)

    return [row[0] for row in sorted(rows, key=key, reverse=order is SortOrder.DESC)]


@given(ROWS, SORTS, ORDERS, LIMITS)
def test_walking_forward_meets_every_row_once_and_in_order(
    rows: list[Item], sort_by: str, order: SortOrder, limit: int
) -> None:
    with closing(Table(rows)) as table:
        pages = table.forward(sort_by, order, limit)
    assert ids(pages) == expected(rows, sort_by, order)
    assert all(len(page.items) == limit for page in pages[:-1])
    assert pages[0].prev_cursor is None


@given(ROWS, SORTS, ORDERS, LIMITS)
def test_walking_back_from_the_end_meets_every_row_once_and_in_order(
    rows: list[Item], sort_by: str, order: SortOrder, limit: int
) -> None:
    with closing(Table(rows)) as table:
        last = table.forward(sort_by, order, limit)[-1]
        pages = table.backward(sort_by, order, limit, last)
    assert ids(pages) == expected(rows, sort_by, order)
    assert all(page.next_cursor is not None for page in pages[:-1])


@given(ROWS, SORTS, ORDERS, LIMITS, st.data())
def test_rows_deleted_during_a_walk_hide_no_other_row(
    rows: list[Item], sort_by: str, order: SortOrder, limit: int, data: st.DataObject
) -> None:
    with closing(Table(rows)) as table:
        first = table.page(sort_by, order, limit)
        gone = data.draw(st.sets(st.sampled_from([row[0] for row in rows]))) if rows else set[int]()
        table.delete(sorted(gone))
        pages = [first]
        while pages[-1].next_cursor is not None:
            assert len(pages) <= MOST_PAGES, "the walk does not end"
            pages.append(table.page(sort_by, order, limit, pages[-1].next_cursor))
        after = ids(pages[1:])
        back = table.backward(sort_by, order, limit, pages[-1]) if len(pages) > 1 else None
    whole = expected(rows, sort_by, order)
    assert after == [id_ for id_ in whole[len(first.items) :] if id_ not in gone]
    if back is not None:
        assert ids(back) == [id_ for id_ in whole if id_ not in gone]


@pytest.fixture
def table() -> Iterator[Table]:
    with closing(Table([(1, "a", 1.0), (2, "b", None), (3, "c", 3.0)])) as table:
        yield table


def test_a_row_that_comes_before_the_walk_moves_no_page(table: Table) -> None:
    first = table.page("name", SortOrder.ASC, 2)
    table.insert((0, "", 0.0))
    second = table.page("name", SortOrder.ASC, 2, first.next_cursor)
    assert ids([first, second]) == [1, 2, 3]


def test_a_page_whose_rows_are_gone_leads_back_to_those_that_are_left(table: Table) -> None:
    first = table.page("name", SortOrder.ASC, 2)
    table.delete([3])
    empty = table.page("name", SortOrder.ASC, 2, first.next_cursor)
    assert (empty.items, empty.next_cursor) == ([], None)
    assert ids([table.page("name", SortOrder.ASC, 2, empty.prev_cursor)]) == [1, 2]


def test_a_first_page_whose_rows_are_gone_leads_forward_to_those_that_are_left(table: Table) -> None:
    last = table.forward("name", SortOrder.ASC, 2)[-1]
    table.delete([1, 2])
    empty = table.page("name", SortOrder.ASC, 2, last.prev_cursor)
    assert (empty.items, empty.prev_cursor) == ([], None)
    assert ids([table.page("name", SortOrder.ASC, 2, empty.next_cursor)]) == [3]


@pytest.mark.parametrize(("sort_by", "order"), [("score", SortOrder.ASC), ("name", SortOrder.DESC)])
def test_a_cursor_of_another_sorting_is_refused(table: Table, sort_by: str, order: SortOrder) -> None:
    cursor = table.page("name", SortOrder.ASC, 1).next_cursor
    with pytest.raises(InvalidCursorError):
        table.page(sort_by, order, 1, cursor)


def test_a_cursor_of_another_list_filter_or_tenant_is_refused(table: Table) -> None:
    cursor = table.page("name", SortOrder.ASC, 1).next_cursor

    def window(name: str, *, role: str | None = None, tenant: str = "") -> object:
        return Keyset(name, SORTABLE, CURSORS).window(
            sort_by="name", order=SortOrder.ASC, limit=1, cursor=cursor, filters={"role": role}, tenant=tenant
        )

    assert window("items")
    for name, role, tenant in [("others", None, ""), ("items", "admin", ""), ("items", None, "acme")]:
        with pytest.raises(InvalidCursorError, match="another list, sorting or filter"):
            window(name, role=role, tenant=tenant)


def test_a_cursor_of_another_limit_goes_on_where_the_page_ended(table: Table) -> None:
    cursor = table.page("name", SortOrder.ASC, 1).next_cursor
    assert ids([table.page("name", SortOrder.ASC, 5, cursor)]) == [2, 3]


@pytest.mark.parametrize("cursor", ["x", "é", "AAAA", "A" * 5_000, "=" * 8, " "])
def test_a_made_up_cursor_is_refused(table: Table, cursor: str) -> None:
    with pytest.raises(InvalidCursorError):
        table.page("name", SortOrder.ASC, 1, cursor)


@given(st.integers(0, 200), st.characters(codec="utf-8"))
def test_a_cursor_altered_anywhere_is_refused_or_unchanged(at: int, character: str) -> None:
    with closing(Table([(1, "a", None), (2, "b", None)])) as table:
        cursor = table.page("name", SortOrder.ASC, 1).next_cursor
        assert cursor is not None
        at %= len(cursor)
        altered = cursor[:at] + character + cursor[at + 1 :]
        try:
            page = table.page("name", SortOrder.ASC, 1, altered)
        except InvalidCursorError:
            return
        assert ids([page]) == [2]  # the same character, or unused bits of the last one


def test_a_cursor_of_another_secret_is_refused(table: Table) -> None:
    cursor = table.page("name", SortOrder.ASC, 1).next_cursor
    other = Keyset("items", SORTABLE, Cursors.with_secret(b"another secret"))
    with pytest.raises(InvalidCursorError):
        other.window(sort_by="name", order=SortOrder.ASC, limit=1, cursor=cursor)


def test_an_unknown_field_is_refused_with_the_allowed_ones(table: Table) -> None:
    with pytest.raises(UnknownFieldError, match="allowed: name, score, id"):
        table.page("email", SortOrder.ASC, 1)


@dataclass(frozen=True)
class Named:
    id: int
    name: str | None


def named_window() -> tuple[Keyset, SortableFields]:
    fields = SortableFields({"name": "n.name"}, tie_break="n.id")
    return Keyset("named", fields, CURSORS), fields


def test_the_key_is_taken_from_objects_by_the_columns_own_name() -> None:
    keyset, _ = named_window()
    page = keyset.window(sort_by="name", order=SortOrder.ASC, limit=1).page([Named(1, "a"), Named(2, "b")])
    next_window = keyset.window(sort_by="name", order=SortOrder.ASC, limit=1, cursor=page.next_cursor)
    assert next_window.where == "(n.name, n.id) > (:keyset_value, :keyset_tie)"
    assert next_window.parameters == {"keyset_value": "a", "keyset_tie": 1, "keyset_limit": 2}


def test_null_in_a_column_that_is_not_declared_nullable_is_an_error_that_says_so() -> None:
    keyset, _ = named_window()
    with pytest.raises(StatementError, match=r'nullable\("n.name"\)'):
        keyset.window(sort_by="name", order=SortOrder.ASC, limit=1).page([Named(1, None), Named(2, "b")])


def test_rows_without_the_sort_column_are_an_error_that_names_it() -> None:
    keyset, _ = named_window()
    with pytest.raises(StatementError, match="no 'name'"):
        keyset.window(sort_by="name", order=SortOrder.ASC, limit=1).page([{"id": 1}, {"id": 2}])
