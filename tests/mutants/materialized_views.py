"""Mutants of materialized views."""

from typing import Final

from tests.mutants.mutant import Mutant

_APPLICATION: Final = "tests/unit/application/test_materialized_views.py"
_PACE: Final = "tests/unit/projections/test_refresh_pace.py"
_SQLITE: Final = "tests/contract/test_sqlite.py::TestMaterializedViews"
_POSTGRES: Final = "tests/contract/test_postgres.py::TestMaterializedViews"

MATERIALIZED_VIEW_MUTANTS: Final = (
    Mutant(
        "store where the sources are when the rows were read",
        "P14: a position whose effects are certainly in the rows",
        "projections/view_refresher.py",
        "            await session.commit(move)\n",
        "            state = await self._sources.state(move.old) or state\n"
        "            new = move.new if state is None else state.position\n"
        "            await session.commit(CheckpointMove(move.share, move.version, move.token, move.old, new))\n",
        (f"{_APPLICATION}::test_nobody_claims_what_came_while_it_was_read",),
    ),
    Mutant(
        "swap the table without the fence",
        "P12",
        "adapters/sqlite/view_session.py",
        "        self._swap = lambda connection: swap_table(connection, table, contents, share, fresh)\n",
        "        swap = Action(lambda connection: swap_table(connection, table, contents, share, fresh))\n"
        "        await self._writer.run(swap)\n",
        (f"{_SQLITE}::test_a_former_owners_refresh_changes_nothing",),
    ),
    Mutant(
        "refresh on a connection of its own",
        "P12",
        "adapters/postgres/view_session.py",
        "            await refresh_materialized(await self._writing(), contents)\n",
        "            async with self._connections.use() as connection:\n"
        "                await refresh_materialized(connection, contents)\n",
        (
            f"{_POSTGRES}::test_a_former_owners_refresh_changes_nothing",
            f"{_POSTGRES}::test_nothing_shows_before_the_commit",
        ),
    ),
    Mutant(
        "count a swap as no change",
        "P14: caches and live queries hear of a refresh",
        "adapters/sqlite/view_session.py",
        "contents, share, fresh)\n        self._wrote = True\n",
        "contents, share, fresh)\n",
        (f"{_SQLITE}::test_rows_position_and_changes_move_together",),
    ),
    Mutant(
        "tie a materialized view to the tables of today",
        "a source can be built anew beneath it",
        "adapters/postgres/materialized.py",
        " AS SELECT * FROM {name}()",
        " AS {contents.select}",
        (f"{_POSTGRES}::test_it_follows_a_source_that_was_built_anew",),
    ),
    Mutant(
        "leave out what the sources have parked",
        "P14: parked is an error and not an older answer",
        "application/assembly.py",
        "for each in reads if issubclass(each, MaterializedView) for source in each.sources()]\n",
        "for each in reads if issubclass(each, str) for source in each.sources()]\n",
        (f"{_APPLICATION}::test_what_its_source_has_parked_is_not_claimed",),
    ),
    Mutant(
        "refresh at the first sight of a change",
        "changes that follow each other are one refresh",
        "projections/refresh_pace.py",
        "        if early <= 0 and (seen == self._seen or now - self._since >= self._delay):\n",
        "        if early <= 0:\n",
        (f"{_PACE}::test_a_lone_change_is_due_as_soon_as_it_has_come_to_rest",),
    ),
    Mutant(
        "wait until changes come to rest, however long",
        "a refresh begins after the delay at the latest",
        "projections/refresh_pace.py",
        " or now - self._since >= self._delay):\n",
        "):\n",
        (f"{_PACE}::test_changes_without_end_are_waited_for_until_the_delay_is_over",),
    ),
    Mutant(
        "refresh again as soon as anything has changed",
        "no refresh begins before the interval is over",
        "projections/refresh_pace.py",
        " if in_haste else self._begun + self._interval - now\n",
        "\n",
        (f"{_PACE}::test_the_next_refresh_does_not_begin_before_the_interval_is_over",),
    ),
)
