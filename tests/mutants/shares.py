"""Mutants of dividing views among processes."""

from typing import Final

from tests.mutants.mutant import Mutant

_SHARES: Final = "tests/contract/test_sqlite.py::TestShares"
_DIVIDED: Final = "tests/unit/projections/test_shares.py"
_BALANCE: Final = "tests/unit/subscriptions/test_balance.py"

SHARE_MUTANTS: Final = (
    Mutant(
        "let only the first share's owner see that a view lost a table",
        "P6",
        "projections/view_preparation.py",
        "        if generation.role is Role.LIVE:\n",
        "        if generation.role is Role.LIVE and share.buckets.lo == 0:\n",
        ("tests/unit/projections/test_shares.py::test_a_divided_view_that_lost_its_table_begins_anew_in_every_share",),
    ),
    Mutant(
        "let the owner of a share that was split write to all of it",
        "P5, P12",
        "adapters/sqlite/sql/move_checkpoint.sql",
        "AND lo = :lo AND hi = :hi\n",
        "AND lo = :lo\n",
        (f"{_SHARES}::test_a_split_copies_the_position",),
    ),
    Mutant(
        "merge shares that are at different positions",
        "P5, P6",
        "adapters/sqlite/shares.py",
        "            if first.position != second.position:\n",
        "            if first.position > second.position + 1_000:\n",
        (f"{_SHARES}::test_equal_neighbours_are_merged",),
    ),
    Mutant(
        "renew a lease that has expired",
        "P12, P13",
        "adapters/sqlite/sql/renew_lease.sql",
        "\n    AND expires_at > :now",
        "",
        (f"{_SHARES}::test_leases_are_renewed_together",),
    ),
    Mutant(
        "hold what one has when others join",
        "P12",
        "subscriptions/balance.py",
        "    if surplus > 0:\n",
        "    if surplus > 1_000:\n",
        (_BALANCE, f"{_DIVIDED}::test_shares_spread_over_those_who_join_and_come_back_when_they_leave"),
    ),
    Mutant(
        "apply what is another share's by its key",
        "P5",
        "projections/page_processor.py",
        "        if self._is_keyed and not self._share.buckets.hold(recorded.tenant, keyed.key):\n"
        "            return ()\n",
        "",
        (f"{_DIVIDED}::test_a_declared_key_keeps_its_events_in_order_over_streams",),
    ),
    Mutant(
        "count what was read rather than what was processed",
        "P4, P6",
        "projections/page_processor.py",
        "move.over(applied.own, new=new)",
        "move.over(events[: applied.count], new=new)",
        (f"{_DIVIDED}::test_a_declared_key_keeps_its_events_in_order_over_streams",),
    ),
    Mutant(
        "wait for the nearest of the shares rather than the furthest behind",
        "P14",
        "subscriptions/progress.py",
        "            return min(positions.values(), default=0)\n",
        "            return max(positions.values(), default=0)\n",
        (f"{_DIVIDED}::test_many_owners_show_what_one_would_have_shown", _DIVIDED),
    ),
    Mutant(
        "write a shadow's rows into the live view",
        "P6",
        "adapters/_sql/generation_tables.py",
        "        return redirected(sql, self._tables, self._number) if self._number else sql\n",
        "        return sql\n",
        ("tests/contract/test_sqlite.py::TestGenerations::test_statements_reach_the_shadows_tables",),
    ),
)
