"""Mutants of read replicas."""

from typing import Final

from tests.mutants.mutant import Mutant

_SNAPSHOTS: Final = "tests/integration/postgres/test_replica_snapshots.py"
_REPLICAS: Final = "tests/integration/postgres/test_replicas.py"
_STORM: Final = "tests/faults/test_cached_answers.py::test_no_answer_of_a_replica_is_older_than_allowed"

REPLICA_MUTANTS: Final = (
    Mutant(
        "read any replica after a position",
        "P14: a replica never answers older than asked",
        "adapters/postgres/replica.py",
        "        return changes if need.is_met(changes) else None\n",
        "        return changes\n",
        (
            f"{_SNAPSHOTS}::test_a_view_that_has_not_applied_an_event_that_is_shown",
            f"{_SNAPSHOTS}::test_a_view_that_has_come_less_far_than_is_known",
            _STORM,
        ),
    ),
    Mutant(
        "do not look for the event in the replica's log",
        "P14: a replica never answers older than asked",
        "adapters/postgres/replica.py",
        'not state["has_last"] or state["is_parked"]',
        'state["is_parked"]',
        (f"{_SNAPSHOTS}::test_an_event_that_is_not_shown_yet",),
    ),
    Mutant(
        "believe the primary that nothing is parked at the replica",
        "P14: a replica never answers older than asked",
        "adapters/postgres/replica.py",
        'not state["has_last"] or state["is_parked"]',
        'not state["has_last"]',
        (f"{_SNAPSHOTS}::test_an_event_that_was_parked_there_and_is_applied_by_now",),
    ),
    Mutant(
        "read tables of a replica that lacks this process's commits",
        "tables show what was committed",
        "adapters/postgres/replicas.py",
        "        if need.own_commits:\n",
        "        if not need:\n",
        (f"{_REPLICAS}::test_tables_show_what_this_process_has_committed",),
    ),
    Mutant(
        "do not count commits that record nothing",
        "tables show what was committed",
        "adapters/postgres/work_transactions.py",
        "            self._on_end()\n",
        "            pass\n",
        (f"{_REPLICAS}::test_tables_show_what_this_process_has_committed",),
    ),
    Mutant(
        "take a replica's word for how far views are",
        "P14: a cached answer is never older than allowed",
        "read/caching/snapshot_views.py",
        "    as_of = NEVER if scope.is_behind else began",
        "    as_of = began",
        (f"{_SNAPSHOTS}::test_what_a_replica_shows_says_nothing_of_how_far_views_are",),
    ),
    Mutant(
        "fill the cache from whatever a replica shows",
        "P14: a cached answer is never older than allowed",
        "read/caching/snapshot_views.py",
        "    if scope is None or scope.open_replica is None:\n",
        "    if scope is None or scope.open_replica is not None:\n",
        (f"{_REPLICAS}::test_a_cached_answer_is_never_older_than_what_is_known_nor_kept_as_newer", _STORM),
    ),
    Mutant(
        "let a replica's failure fail the query",
        "no query is failed by a replica",
        "read/middleware/read_scope.py",
        "                if not scope.is_lost:\n                    raise\n",
        "                raise\n",
        (
            f"{_REPLICAS}::test_a_query_whose_replica_dies_in_the_middle_is_answered_elsewhere",
            f"{_REPLICAS}::test_a_query_that_replay_cancels_is_answered_elsewhere",
        ),
    ),
    Mutant(
        "go on in another snapshot when a replica fails",
        "all fetches of a query read one snapshot",
        "adapters/postgres/replica_session.py",
        "            has_read = self._has_read\n",
        "            has_read = False\n",
        (f"{_REPLICAS}::test_a_query_that_replay_cancels_is_answered_elsewhere",),
    ),
    Mutant(
        "wait for what runs on a replica that does not answer",
        "no query is failed by a replica",
        "adapters/postgres/replicas.py",
        "            replica.cut_off()  # what runs there may wait for long\n",
        "",
        (f"{_REPLICAS}::test_a_replica_that_answers_nothing_delays_a_query_and_fails_none",),
    ),
    Mutant(
        "use a replica however far it is behind",
        "lag is bounded",
        "adapters/postgres/replicas.py",
        "        elif replica.lag > limit:\n",
        "        elif replica.lag < limit - limit:\n",
        (f"{_REPLICAS}::test_a_replica_that_lags_gets_no_queries_until_it_has_caught_up",),
    ),
    Mutant(
        "take any server for a replica",
        "a replica is one of this log",
        "adapters/postgres/replicas.py",
        "            if replica.misfit:\n",
        "            if not replica.name:\n",
        (f"{_REPLICAS}::test_what_is_no_replica_of_this_log_is_refused",),
    ),
    Mutant(
        "read streams of a replica",
        "no query is failed by a replica",
        "read/middleware/read_scope.py",
        "        if open_replica is None or binding.kind is not MessageKind.QUERY:\n",
        "        if open_replica is None:\n",
        (f"{_REPLICAS}::test_a_stream_reads_the_database_itself",),
    ),
)
