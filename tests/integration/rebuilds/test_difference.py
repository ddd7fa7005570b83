"""Two generations of a view are compared row by row at one position, while the application runs."""

import json

import pytest

from duolog import Application, Projection
from duolog.admin.generation_difference import GenerationDifference, compare_generations
from duolog.cli.difference_text import difference_json, difference_text, masked_row
from tests.integration.rebuilds.orders import (
    NAME,
    DoubledTotals,
    OrderTotals,
    TimedTotals,
    Traffic,
    make_application,
    place,
    tool,
)


async def _compared(app: Application, projection: type[Projection]) -> GenerationDifference:
    async with app.rebuilds().building(projection) as rebuild:
        await rebuild.build(lambda _: None)
        await rebuild.let_go()
        return await compare_generations(
            app.database, projection, app.projection_shares(), rebuild.shadow, mask=masked_row
        )


async def test_what_is_a_fold_of_the_log_is_equal_under_live_writes(url: str) -> None:
    """Both are at one position when they are compared, whoever writes meanwhile."""
    async with make_application(url) as app:
        await place(app, range(100, 140))
        async with Traffic(app, begin=1_000).running() as traffic, tool(url) as other:
            found = await _compared(other, OrderTotals)
        assert traffic.errors == []
        (table,) = found.tables
        assert found.is_equal
        assert table.rows >= 40
        assert found.position >= 40


async def test_a_clock_in_a_handler_is_found(url: str) -> None:
    """The column is named, and samples show both sides without what is named like a secret."""
    async with make_application(url, TimedTotals) as app:
        await place(app, range(100, 110))
        await app.caught_up()
        async with tool(url, TimedTotals) as other:
            found = await _compared(other, TimedTotals)
    (table,) = found.tables
    assert not found.is_equal
    assert (table.rows, table.only_live, table.only_other, table.changed) == (10, 0, 0, 10)
    assert table.columns == {"amount": 10}
    assert len(table.samples) == 5
    assert table.samples[0].live is not None
    assert table.samples[0].live["api_token"] == "***"
    assert "columns that differ: amount (10)" in difference_text(found)
    assert "hidden" not in json.dumps(difference_json(found))


async def test_another_version_is_compared_where_the_old_one_is(url: str) -> None:
    """The live view is not advanced by code of another version; what changes is counted."""
    async with make_application(url) as app:
        await place(app, [0, 1, 2])
        await app.caught_up()
    async with tool(url, DoubledTotals) as other:
        found = await _compared(other, DoubledTotals)
        assert (found.live, found.other) == (1, 2)
        assert found.tables[0].columns == {"amount": 2}


@pytest.mark.parametrize("is_keyed", [True, False])
async def test_rows_on_one_side_only_are_counted(url: str, *, is_keyed: bool) -> None:
    """With a primary key or without."""
    key = "PRIMARY KEY" if is_keyed else "NOT NULL"

    class Totals(OrderTotals):
        name, version = NAME, 1
        tables = {NAME: f"CREATE TABLE {NAME} (id TEXT {key}, amount BIGINT NOT NULL, api_token TEXT)"}  # noqa: RUF012 - as projections are written
        lacks = ""

        async def _put(self, order: str, amount: int) -> None:
            if order != type(self).lacks:
                await super()._put(order, amount)

    Totals.lacks = "000100"
    async with make_application(url, Totals) as app:
        await place(app, range(100, 105))
        await app.caught_up()
        async with tool(url, Totals) as other:
            Totals.lacks = "000104"
            found = await _compared(other, Totals)
    (table,) = found.tables
    assert (table.rows, table.only_live, table.only_other, table.changed) == (4, 1, 1, 0)
    sides = {("live" if each.live else "other"): each.live or each.other for each in table.samples}
    assert {side: row and row["id"] for side, row in sides.items()} == {"live": "000104", "other": "000100"}
