"""Mutants of rebuilding views and switching between their generations."""

from typing import Final

from tests.mutants.mutant import Mutant

_SWITCHES: Final = "tests/contract/test_sqlite.py::TestSwitches"
_REBUILDS: Final = "tests/integration/rebuilds"
_POSTGRES: Final = "tests/integration/postgres/test_switching.py"

REBUILD_MUTANTS: Final = (
    Mutant(
        "rebuild without the shares' leases",
        "P6, P12",
        "adapters/sqlite/leases.py",
        "        if is_held and holder != owner and not take_over and not is_dead(holder):\n            return None\n"
        "        token = held_token if is_held and holder == owner else held_token + 1\n",
        "        token = held_token if is_held else held_token + 1\n",
        ("tests/contract/test_sqlite.py::TestLeases",),
    ),
    Mutant(
        "switch without fencing former owners off",
        "P6, P12",
        "adapters/sqlite/switch.py",
        "    for checkpoint in (*before, *after):\n        _fence_off(connection, checkpoint)\n",
        "",
        (f"{_SWITCHES}::test_former_owners_are_fenced_off",),
    ),
    Mutant(
        "lock the checkpoint row after the view's tables",
        "P6",
        "adapters/postgres/view_session.py",
        "                if locks:\n",
        "                if not locks:\n",
        (f"{_POSTGRES}::test_a_batch_that_has_written_ends_before_a_switch",),
    ),
    Mutant(
        "switch to a generation that is behind",
        "P14",
        "database/view_states.py",
        "    if behind > 0:\n",
        "    if behind > 1_000_000:\n",
        (f"{_SWITCHES}::test_queries_do_not_go_back_in_time",),
    ),
    Mutant(
        "switch back to a release's own generation when it starts again",
        "an operator's roll-back lasts",
        "projections/version_keeper.py",
        "        if own is None or own.role is not Role.SHADOW:\n",
        "        if own is None:\n",
        (f"{_REBUILDS}/test_versions.py::test_going_back_lasts_while_the_new_release_runs",),
    ),
    Mutant(
        "overlook values that differ",
        "P6: a clock or chance in a handler is found",
        "admin/table_difference.py",
        '        changed = " OR ".join(differs.values()) or "1 = 0"\n',
        '        changed = "1 = 0"\n',
        (f"{_REBUILDS}/test_difference.py::test_a_clock_in_a_handler_is_found",),
    ),
    Mutant(
        "compare generations wherever they are",
        "P6",
        "admin/generation_difference.py",
        "                    for lease in mine:\n",
        "                    for lease in mine[:0]:\n",
        (
            f"{_REBUILDS}/test_difference.py::test_another_version_is_compared_where_the_old_one_is",
            f"{_REBUILDS}/test_difference.py",
        ),
    ),
    Mutant(
        "switch though somebody else's view hangs on the tables",
        "views never read what is gone",
        "adapters/postgres/switch.py",
        "        await self._check_nothing_hangs(hanging, come, alike=live.version == target.version)\n",
        "",
        (f"{_POSTGRES}::test_what_would_go_on_reading_the_old_tables_refuses",),
    ),
)
