"""Mutants of views that are written in the appending transaction, and of keys outside the database."""

from typing import Final

from tests.mutants.mutant import Mutant

_SQLITE: Final = "tests/contract/test_sqlite.py::TestInlineViews"
_POSTGRES: Final = "tests/contract/test_postgres.py::TestInlineViews"

INLINE_MUTANTS: Final = (
    Mutant(
        "write an inline view in another transaction",
        "P6",
        "write/inline_work.py",
        "            await self._views.show(work.tenant, work.appends, writer)\n",
        "            await self._views.show(work.tenant, work.appends, writer)\n"
        "            await writer.commit(SealedWork())\n            await sessions.close()\n",
        (f"{_SQLITE}::test_what_the_log_refuses_is_not_shown",),
    ),
    Mutant(
        "write inline views of one stream side by side",
        "P5, P6",
        "adapters/postgres/sql/await_turns.sql",
        "SELECT pg_advisory_xact_lock(1685417839, turn.key)",
        "SELECT pg_advisory_xact_lock_shared(1685417839, turn.key)",
        (f"{_POSTGRES}::test_units_of_one_stream_take_turns",),
    ),
    Mutant(
        "let others append while an inline view is finished",
        "P6",
        "adapters/postgres/sql/hold_appends.sql",
        "IN SHARE ROW EXCLUSIVE MODE",
        "IN ACCESS SHARE MODE",
        (f"{_POSTGRES}::test_who_appends_is_held_out_at_the_end_of_the_building",),
    ),
    Mutant(
        "write an inline view of another version",
        "P6",
        "projections/inline_views.py",
        "            if not is_built(projection, await tables.live_checkpoints(projection.name)):\n",
        "            if not await tables.live_checkpoints(projection.name):\n",
        (f"{_SQLITE}::test_another_version_is_built_anew",),
    ),
    Mutant(
        "set a guarded key whatever wrote it last",
        "a view outside the database shows every event once",
        "adapters/redis/write_key.lua",
        "if known[2] and known[2] >= ARGV[2] then",
        "if false then",
        (
            "tests/contract/test_guarded_keys.py::TestValkey::test_an_earlier_event_changes_nothing",
            "tests/faults/test_killed_guarded_projectors.py",
        ),
    ),
)
