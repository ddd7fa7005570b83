"""Mutants of the PostgreSQL adapter that the fault experiments must notice."""

from typing import Final

from tests.mutants.mutant import Mutant

_STORM: Final = "tests/faults/storm/test_storm.py::test_no_reader_skips_or_doubles_or_reorders_or_waits_for_others"
_KILLS: Final = "tests/faults/postgres/test_killed_servers.py::test_what_was_acknowledged_survives_kills_of_the_server"
_CONTENTION: Final = (
    "tests/faults/postgres/test_killed_servers.py::test_appends_are_linearizable_across_kills_of_the_server"
)
_CUTS: Final = "tests/faults/postgres/test_cut_sockets.py"
_WAKE_UPS: Final = "tests/faults/postgres/test_lost_wake_ups.py"
_CANCELLATION: Final = "tests/faults/test_cancellation.py::test_cancelling_at_any_wait_leaks_nothing"
_ONE_KEY: Final = "tests/faults/test_one_key.py"
_IN_FLIGHT: Final = "tests/integration/postgres/test_keys_in_flight.py"
_FULL_DISK: Final = "tests/faults/postgres/test_full_disk.py"
_LOG: Final = "adapters/postgres/migrations/0001_log.sql"
_BATCH: Final = "adapters/postgres/migrations/0010_conditions_at_once.sql"

# Some races are of microseconds: the mutants of these wait in the middle, where waiting does no harm to the original.
_LOOK: Final = "    drawn := {schema}.last_drawn();\n    holders := {schema}.fence_holders();\n"
_LOOK_LATE: Final = (
    "    holders := {schema}.fence_holders();\n    PERFORM pg_sleep(0.002);\n    drawn := {schema}.last_drawn();\n"
)
_TAKE_FENCE: Final = (
    "LANGUAGE sql VOLATILE AS $$\n    SELECT pg_advisory_xact_lock_shared(1685417836, hashtext('{schema}'))\n$$;\n"
)
_DRAW: Final = "    RETURN ARRAY(SELECT nextval('{schema}.positions') FROM generate_series(1, many));\n"

_APPEND_ALL: Final = "        return await self._outcomes.of(self._committer.commit(work), work)\n"
# As a loop around everything does: it finds the server again, and takes the decision anew.
_APPEND_AGAIN: Final = """\
        import asyncio, dataclasses
        from duolog.errors import DatabaseError, OutcomeUnknownError
        from duolog.ids import uuid7
        is_again = False
        while True:
            try:
                return await self._committer.commit(work)
            except DatabaseError as error:
                if not is_again and not isinstance(error, OutcomeUnknownError):
                    raise
                is_again = True
                await asyncio.sleep(0.02)
            again = [dataclasses.replace(event, event_id=uuid7()) for event in appends[0].events]
            work = dataclasses.replace(work, appends=(dataclasses.replace(appends[0], events=tuple(again)),))
"""

_FENCE: Final = (
    Mutant(
        "E5: read up to the greatest visible position",
        "P4",
        "adapters/postgres/horizon.py",
        "        if not holders:\n            self._waiting.clear()\n",
        "        if holders is not None:\n            self._waiting.clear()\n",
        (_STORM,),
    ),
    Mutant("E5: read the last drawn position after the holders", "P4", _LOG, _LOOK, _LOOK_LATE, (_STORM,)),
    Mutant(
        "E5: tell who is inside the fence by the process",
        "P4",
        _LOG,
        "        SELECT l.virtualtransaction\n        FROM pg_catalog.pg_locks AS l\n        WHERE ",
        "        SELECT l.pid::text\n        FROM pg_catalog.pg_locks AS l\n        WHERE l.pid IS NOT NULL AND ",
        (_STORM,),
    ),
    Mutant("E5: a sequence that caches positions", "P4", _LOG, "CACHE 1 NO CYCLE", "CACHE 32 NO CYCLE", (_STORM,)),
    Mutant(
        "E5: take the fence's lock when the transaction has drawn",
        "P4",
        _LOG,
        _TAKE_FENCE + "\nCREATE FUNCTION {schema}.draw_positions(many integer) RETURNS bigint[] LANGUAGE plpgsql"
        " VOLATILE AS $$\nBEGIN\n" + _DRAW,
        "LANGUAGE sql VOLATILE AS $$\n    SELECT\n$$;\n"
        "\nCREATE FUNCTION {schema}.draw_positions(many integer) RETURNS bigint[] LANGUAGE plpgsql"
        " VOLATILE AS $$\nDECLARE drawn bigint[];\nBEGIN\n"
        "    drawn := ARRAY(SELECT nextval('{schema}.positions') FROM generate_series(1, many));\n"
        "    PERFORM pg_sleep(0.002);\n"
        "    PERFORM pg_advisory_xact_lock_shared(1685417836, hashtext('{schema}'));\n"
        "    RETURN drawn;\n",
        (_STORM,),
    ),
    Mutant(
        "E5: take the fence's lock in an expression that nothing reads",
        "P4",
        _LOG,
        _TAKE_FENCE,
        "LANGUAGE sql VOLATILE AS $$\n    WITH fence AS (SELECT pg_advisory_xact_lock_shared(1685417836,"
        " hashtext('{schema}')))\n    SELECT\n$$;\n",
        (_STORM,),
    ),
    Mutant(
        "E5: check a condition above the greatest position seen",
        "P3",
        "adapters/postgres/boundary_reads.py",
        "        return Boundary((*known.events, *later), AppendCondition(query, horizon, seen, tenant))\n",
        "        horizon = max((event.position for event in (*known.events, *later)), default=0)\n"
        "        return Boundary((*known.events, *later), AppendCondition(query, horizon, seen, tenant))\n",
        (_STORM,),
    ),
)

_DURABLE: Final = (
    Mutant(
        "E3: swallow the error of a batch",
        "P2",
        "adapters/postgres/group_commit.py",
        "                _fail(batch, error)\n            finally:\n",
        "                for waiter in batch:\n"
        "                    waiter.future.done() or waiter.future.set_result(NOTHING_APPENDED)\n"
        "            finally:\n",
        (_FULL_DISK,),
    ),
    Mutant(
        "E1: acknowledge what the server has not waited for",
        "P1",
        _BATCH,
        "    IF current_setting('synchronous_commit') = 'off' THEN\n"
        "        PERFORM set_config('synchronous_commit', 'on', true);\n"
        "    END IF;\n"
        "    PERFORM {schema}.limit_idleness();\n"
        "    outcomes :=",
        "    PERFORM {schema}.limit_idleness();\n    outcomes :=",
        (_KILLS,),
    ),
    Mutant(
        "E1: acknowledge before the server's commit",
        "P1",
        "adapters/postgres/group_commit.py",
        "                await self._send(connection, batch)\n            except DRIVER_ERRORS as error:\n",
        "                async with connection.transaction():\n"
        "                    await self._send(connection, batch)\n"
        "                    await asyncio.sleep(0.005)\n"
        "            except DRIVER_ERRORS as error:\n",
        (_KILLS,),
    ),
    Mutant(
        "E4: send anew, as other events, what has an unknown outcome",
        "P10",
        "adapters/postgres/event_store.py",
        _APPEND_ALL,
        _APPEND_AGAIN,
        (_CONTENTION,),
    ),
    Mutant(
        "E4: compare the version that was read, and let no constraint decide",
        "P3",
        _LOG,
        ",\n    CONSTRAINT events_stream_version UNIQUE (tenant, stream, version)\n);\n",
        "\n);\nCREATE INDEX events_stream_version ON {schema}.events (tenant, stream, version);\n",
        (_CONTENTION,),
    ),
    Mutant(
        "E11: take a lost connection for a roll-back",
        "P10",
        "adapters/postgres/group_commit.py",
        "                if is_connection_lost(error):\n                    self._lost.remember(session)\n",
        '                if is_connection_lost(error) and isinstance(error, OSError) and error.filename == "":\n'
        "                    self._lost.remember(session)\n",
        (_CUTS,),
    ),
    Mutant(
        "E11: look once for what has an unknown outcome",
        "P10",
        "adapters/postgres/group_commit.py",
        "                    self._lost.remember(session)\n",
        "",
        (_CUTS,),
    ),
)

_WAKING: Final = (
    Mutant(
        "E7: wait for a notification without a poll",
        "P5",
        "adapters/postgres/tail.py",
        "            async with asyncio.timeout(pause):\n",
        "            async with asyncio.timeout(None):\n",
        (_WAKE_UPS,),
    ),
    Mutant(
        "E7: listen on a connection that is dead",
        "P5",
        "adapters/postgres/wake_ups.py",
        "        return self._listener is not None and not self._listener.is_closed()\n",
        "        return self._listener is not None\n",
        (_WAKE_UPS,),
    ),
)

_CLEAN: Final = (
    Mutant(
        "E12: give a connection back with its transaction open",
        "P11",
        "adapters/postgres/connections.py",
        "            if not connection.is_closed() and (doubtful or connection.is_in_transaction()):\n"
        "                await leave_transaction(connection, doubtful=doubtful)\n",
        "            pass\n",
        (_CANCELLATION,),
    ),
    Mutant(
        "E12: bring a connection out of its transaction without a shield",
        "P11",
        "adapters/postgres/transactions.py",
        "    await shielded(_tidy(connection))\n\n\nasync def _tidy",
        "    await _tidy(connection)\n\n\nasync def _tidy",
        (_CANCELLATION,),
    ),
    Mutant(
        "E11: write over an idempotency key that another application has taken",
        "P9",
        "adapters/postgres/sql/claim_idempotency_key.sql",
        "ON CONFLICT (tenant, actor, operation, key) DO NOTHING",
        "ON CONFLICT (tenant, actor, operation, key) DO UPDATE SET result = excluded.result",
        (_ONE_KEY,),
    ),
)

_KEYS: Final = (
    Mutant(
        "run a command whose idempotency key another process executes",
        "P9",
        "adapters/postgres/held_keys.py",
        "        if got is False:\n",
        "        if got is None:\n",
        (f"{_IN_FLIGHT}::test_a_key_that_another_process_executes_is_refused_without_running_the_command",),
    ),
)

POSTGRES_MUTANTS: Final = (*_KEYS, *_FENCE, *_DURABLE, *_WAKING, *_CLEAN)
