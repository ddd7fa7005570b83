"""All mutants. When code moves, its mutant's text moves with it; when a promise is added, its mutant comes too."""

from typing import Final

from tests.mutants.caches import CACHE_MUTANTS
from tests.mutants.faults import FAULT_MUTANTS
from tests.mutants.gateways import GATEWAY_MUTANTS
from tests.mutants.idempotency import IDEMPOTENCY_MUTANTS
from tests.mutants.inline import INLINE_MUTANTS
from tests.mutants.intents import INTENT_MUTANTS
from tests.mutants.materialized_views import MATERIALIZED_VIEW_MUTANTS
from tests.mutants.mutant import Mutant
from tests.mutants.postgres import POSTGRES_MUTANTS
from tests.mutants.processes import PROCESS_MUTANTS
from tests.mutants.rebuilds import REBUILD_MUTANTS
from tests.mutants.replicas import REPLICA_MUTANTS
from tests.mutants.shares import SHARE_MUTANTS
from tests.mutants.transfers import TRANSFER_MUTANTS
from tests.mutants.workers import WORKER_MUTANTS

_UNIT: Final = "tests/unit"
_SQLITE: Final = "tests/contract/test_sqlite.py"
_GROUP_COMMIT: Final = "tests/integration/sqlite/test_group_commit.py"
_POISON: Final = f"{_UNIT}/projections/test_poison_events.py"
_WRITES: Final = f"{_UNIT}/write"
_DISPATCH: Final = f"{_UNIT}/dispatch"
_SCHEMA: Final = f"{_UNIT}/cli/test_schema.py"

_LOG: Final = (
    Mutant(
        "acknowledge before the commit",
        "P1, P2",
        "adapters/sqlite/writer.py",
        "            attempt(connection, jobs)\n            commit(connection)\n",
        "            attempt(connection, jobs)\n            self._call(self._resolve, jobs)\n"
        "            commit(connection)\n",
        (f"{_GROUP_COMMIT}::test_a_full_disk_is_an_error_and_work_goes_on_when_there_is_room",),
    ),
    Mutant(
        "commit without waiting for the disk",
        "P1",
        "adapters/sqlite/location.py",
        'options.get("synchronous", "FULL")',
        'options.get("synchronous", "NORMAL")',
        ("tests/integration/sqlite/test_opening.py::test_power_loss_is_survived_by_default",),
    ),
    Mutant(
        "skip the expected version",
        "P3",
        "eventstore/expectations.py",
        "            met = actual == version\n",
        "            met = True\n",
        (
            f"{_SQLITE}::TestAppending::test_one_of_many_concurrent_appends_at_one_version_wins",
            f"{_WRITES}/test_repository.py::test_an_entity_that_somebody_else_changed_meanwhile_is_a_conflict",
        ),
    ),
    Mutant(
        "insert together whatever versions the streams have",
        "P3: all or nothing in a group commit",
        "adapters/sqlite/insertions.py",
        "    if expected:\n",
        "    if expected is None:\n",
        ("tests/integration/sqlite/test_joint_appends.py",),
    ),
    Mutant(
        "skip the append condition",
        "P3: dynamic consistency boundaries",
        "adapters/sqlite/work_unit.py",
        "        for condition in work.conditions:\n            _check_condition(connection, condition)\n",
        "",
        (
            f"{_SQLITE}::TestBoundaries::test_an_unseen_match_fails_the_append",
            f"{_WRITES}/test_boundary.py::test_of_many_registrations_of_one_email_at_once_exactly_one_wins",
        ),
    ),
    Mutant(
        "keep what a failed unit wrote",
        "P3: all or nothing in a group commit",
        "adapters/sqlite/units.py",
        '        connection.execute("ROLLBACK TO duolog_unit")\n',
        "",
        (
            f"{_SQLITE}::TestUnitsOfWork::test_a_failed_unit_does_not_fail_its_neighbours",
            f"{_SQLITE}::TestUnitsOfWork::test_a_refused_append_takes_the_rows_back",
        ),
    ),
    Mutant(
        "store payloads without looking at them",
        "P15",
        "codec/event_codec.py",
        "            check_text(data)\n",
        "",
        (f"{_UNIT}/codec/test_payload_rules.py::test_the_nul_character_is_refused",),
    ),
    Mutant(
        "store payloads of other types than declared",
        "P15",
        "codec/event_codec.py",
        "            known.decode(data)\n",
        "",
        (f"{_UNIT}/codec/test_payload_rules.py::test_a_field_of_another_type_is_refused_without_its_value",),
    ),
    Mutant(
        "lock a stored type that changed under its version",
        "P15",
        "codec/schema_lock.py",
        "        elif schema != locked[name][version]:\n",
        "        elif schema is None:\n",
        (f"{_SCHEMA}::test_a_stored_type_that_changed_is_found_and_not_locked_over",),
    ),
    Mutant(
        "pass a release that cannot read a stored event",
        "P15",
        "cli/commands/schema.py",
        "    if breaks or undecodable:\n",
        "    if breaks:\n",
        (f"{_SCHEMA}::test_every_stored_event_must_decode",),
    ),
    Mutant(
        "store personal tags in the clear",
        "personal data is hashed",
        "codec/tags.py",
        "        if not tag.personal:\n",
        "        if tag.name:\n",
        (f"{_WRITES}/test_boundary.py",),
    ),
)

_WRITE: Final = (
    Mutant(
        "commit at once instead of sealing",
        "the seal",
        "write/unit_of_work.py",
        "        if self._commits_at_once and (self._state is SEALED):\n",
        "        if self._state is SEALED:\n",
        (f"{_WRITES}/test_commit.py::test_an_error_after_commit_rolls_all_back",),
    ),
    Mutant(
        "let work be staged after the seal",
        "the seal",
        "write/unit_state.py",
        "            raise WorkAfterCommitError(message)\n",
        "            return\n",
        (f"{_WRITES}/test_commit.py::test_staging_anything_else_after_commit_is_an_error_that_rolls_all_back",),
    ),
    Mutant(
        "commit what was never committed",
        "UncommittedWorkError",
        "write/unit_of_work.py",
        "            if self.transaction_manager_resolved and self.has_work:\n",
        "            if not self.transaction_manager_resolved and self.has_work:\n",
        (f"{_WRITES}/test_commit.py::test_returning_with_staged_work_and_without_commit_is_an_error_with_a_hint",),
    ),
    Mutant(
        "commit without a shield",
        "P11",
        "write/unit_of_work.py",
        "                await shielded(self._commit(work))\n",
        "                await self._commit(work)\n",
        (f"{_WRITES}/test_cancellation.py",),
    ),
    Mutant(
        "roll back without a shield",
        "P11",
        "write/unit_of_work.py",
        "            await shielded(self._sessions.close())\n",
        "            await self._sessions.close()\n",
        (f"{_WRITES}/test_cancellation.py",),
    ),
    Mutant(
        "leave the unit open when a command is cancelled",
        "P11",
        "write/middleware/unit_of_work.py",
        "            except BaseException:\n",
        "            except Exception:\n",
        (f"{_WRITES}/test_cancellation.py",),
    ),
    Mutant(
        "never run a command again",
        "one conflict-retry loop",
        "dispatch/middleware/conflict_retry.py",
        "        if binding.kind is not MessageKind.COMMAND or self._attempts == 1:\n",
        "        if self._attempts:\n",
        (f"{_DISPATCH}/test_conflict_retry.py::test_a_conflict_runs_the_whole_interactor_again_in_a_new_scope",),
    ),
    Mutant(
        "retry without taking turns",
        "one conflict-retry loop",
        "dispatch/middleware/conflict_retry.py",
        "        if _HAS_TURN.get():\n",
        "        if not _HAS_TURN.get():\n",
        (f"{_DISPATCH}/test_conflict_retry.py",),
    ),
    Mutant(
        "handle messages unchecked",
        "validation at the boundary",
        "dispatch/middleware/validation.py",
        "            check(context.message)\n",
        "",
        (f"{_DISPATCH}/test_validation.py::test_a_misfit_is_refused_with_its_path_and_without_its_value",),
    ),
    Mutant(
        "show refused values",
        "no value in an error",
        "dispatch/middleware/validation.py",
        '    return path, _QUOTED_VALUE.sub(r"\\1", text)\n',
        "    return path, text\n",
        (f"{_DISPATCH}/test_validation.py::test_a_misfit_is_refused_with_its_path_and_without_its_value",),
    ),
    Mutant(
        "leave a stream's handler running when its reader goes",
        "P11",
        "dispatch/stream_relay.py",
        "            task.cancel()\n            await shielded(_ended(task))\n",
        "            pass\n",
        (f"{_DISPATCH}/test_streams.py::test_closing_early_ends_the_handler_and_gives_its_read_session_back",),
    ),
)

_VIEWS: Final = (
    Mutant(
        "move the checkpoint in a transaction of its own",
        "P6",
        "adapters/sqlite/view_session.py",
        "            move_checkpoint(connection, move, wrote=wrote)\n            _run_buffered(connection, buffered)\n"
        "            unpark(connection, move.share, unparked)\n            park(connection, parked)\n"
        "            self._swap(connection)\n\n",
        "            _run_buffered(connection, buffered)\n            unpark(connection, move.share, unparked)\n"
        "            park(connection, parked)\n            self._swap(connection)\n\n        if self._hold is None:\n"
        "            await self._writer.run(Action("
        "lambda connection: move_checkpoint(connection, move, wrote=wrote)))\n",
        (f"{_SQLITE}::TestViewSessions::test_a_refused_statement_writes_nothing", f"{_POISON}"),
    ),
    Mutant(
        "move the checkpoint from wherever it is",
        "P6, P12",
        "adapters/sqlite/sql/move_checkpoint.sql",
        "AND position = :old AND",
        "AND :old >= 0 AND",
        (f"{_SQLITE}::TestViewSessions::test_another_position_writes_nothing",),
    ),
    Mutant(
        "let a former owner write",
        "P12",
        "adapters/sqlite/sql/move_checkpoint.sql",
        " AND token <= :token\n    AND NOT EXISTS (\n        SELECT 1 FROM duolog_leases\n"
        "        WHERE subscription = :subscription AND generation = :generation AND lo = :lo"
        " AND token > :token\n    )",
        "",
        (f"{_SQLITE}::TestViewSessions", f"{_UNIT}/projections/test_view_and_checkpoint.py"),
    ),
    Mutant(
        "skip a poison event instead of parking it",
        "P7",
        "projections/page_processor.py",
        "        parked = (self._parked_event(recorded, self._keys.read(recorded).key, failure),)\n",
        "        parked: tuple[ParkedEvent, ...] = ()\n",
        (f"{_POISON}::test_an_event_whose_handler_raises_stops_its_own_stream_in_order_and_nothing_else",),
    ),
    Mutant(
        "wait anew for an event whose parking was rolled back",
        "P7",
        "projections/poison.py",
        "        return now - self._unknown_since.setdefault(position, now) < self._patience\n",
        "        waits = now - self._unknown_since.setdefault(position, now) < self._patience\n"
        "        if not waits:\n            del self._unknown_since[position]\n        return waits\n",
        (f"{_UNIT}/projections/test_transient_faults.py",),
    ),
    Mutant(
        "count the tries of a key's events together",
        "P7",
        "projections/retry_attempt.py",
        "        return self.tries if at == self.at else 0\n",
        "        return self.tries if at >= 0 else 0\n",
        (f"{_UNIT}/projections/test_parked_retry.py",),
    ),
    Mutant(
        "park the poison event and not those behind it",
        "P5, P7",
        "projections/page_processor.py",
        "        if key in self._parked or key in applied.stopped:\n",
        "        if key in applied.stopped:\n",
        (f"{_POISON}::test_an_event_whose_handler_raises_stops_its_own_stream_in_order_and_nothing_else",),
    ),
)

_READ: Final = (
    Mutant(
        "answer without waiting for the position",
        "P14",
        "read/position_wait.py",
        "            await self._wait(names, position, buckets, seconds)\n",
        "",
        (f"{_UNIT}/application/test_reading_own_writes.py::test_it_waits_until_the_view_is_there",),
    ),
    Mutant(
        "answer although the position is parked",
        "P14",
        "read/position_wait.py",
        "            if await self._parking.is_parked(name, written):\n",
        "            if not written:\n",
        (f"{_UNIT}/application/test_reading_own_writes.py::test_what_was_parked_is_an_error_and_not_an_older_answer",),
    ),
    Mutant(
        "take cursors with any signature",
        "signed cursors",
        "codec/signer.py",
        "        if not hmac.compare_digest(mac, self._mac(payload)):\n",
        "        if len(mac) != _MAC_BYTES:\n",
        (f"{_UNIT}/codec/test_signer.py", f"{_UNIT}/read/test_cursors.py"),
    ),
    Mutant(
        "sort by any column",
        "allow-lists",
        "read/sorting.py",
        '            raise UnknownFieldError(name=sort_by, purpose="sort", allowed=self.names)\n',
        "            return SortColumn(sort_by)\n",
        (
            f"{_UNIT}/read/test_sorting.py::test_an_unknown_name_is_refused_with_the_allowed_ones",
            "tests/reference/test_queries.py",
        ),
    ),
    Mutant(
        "let a query write",
        "a query scope is read-only by the database",
        "adapters/memory/tables.py",
        '        connection.execute("PRAGMA query_only = ON")\n',
        "",
        (f"{_UNIT}/application/test_scopes.py::test_a_query_service_that_writes_is_refused_by_the_database",),
    ),
)

MUTANTS: Final = (
    *_LOG,
    *_WRITE,
    *_VIEWS,
    *_READ,
    *GATEWAY_MUTANTS,
    *IDEMPOTENCY_MUTANTS,
    *TRANSFER_MUTANTS,
    *PROCESS_MUTANTS,
    *SHARE_MUTANTS,
    *CACHE_MUTANTS,
    *INLINE_MUTANTS,
    *REBUILD_MUTANTS,
    *REPLICA_MUTANTS,
    *MATERIALIZED_VIEW_MUTANTS,
    *FAULT_MUTANTS,
    *POSTGRES_MUTANTS,
    *WORKER_MUTANTS,
    *INTENT_MUTANTS,
)
